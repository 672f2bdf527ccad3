"""Settings as fields of a dataclass: what each is for, and which values it can have."""

from collections.abc import Mapping
from dataclasses import Field, field
from typing import Any

from charloom.core.sanitize import single_line

_MAX_SHOWN_CHARACTERS = 61


def setting_field(default: object, help_: str, option: str = "", **limits: object) -> Any:
    """Return a field that is a setting.

    ``limits`` are ``choices``, or a range from ``low`` to ``high``, of whole numbers if ``low`` is
    one; without any, the value is a bool. ``option`` is its short name, if it has one.
    """
    return field(default=default, metadata={"help": help_, "option": option, **limits})


def option_name(setting: Field[Any]) -> str:
    """Return the short name of a setting for users, such as ``hidden`` for ``hidden_size``."""
    return setting.metadata["option"] or setting.name.replace("_", "-")


def setting_problem(limits: Mapping[str, Any], default: object, value: object) -> str:
    """Return the problem of a setting's value, or an empty string.

    ``limits`` are as for :func:`setting_field`.
    """
    if "choices" in limits:
        required = f"one of {', '.join(str(choice) or repr('') for choice in limits['choices'])}"
        valid = any(value == c and type(value) is type(c) for c in limits["choices"])
    elif "low" not in limits:
        required = "either on or off"
        valid = isinstance(value, bool)
    elif value is None:
        return "" if default is None else "needs a number."
    else:
        low, high = limits["low"], limits["high"]
        whole = isinstance(low, int)
        required = f"{'a whole number' if whole else 'a number'} from {low:,} to {high:,}"
        kinds = (int,) if whole else (int, float)
        valid = isinstance(value, kinds) and not isinstance(value, bool) and low <= value <= high
    if valid:
        return ""
    return f"is {required}, not {single_line(repr(value), _MAX_SHOWN_CHARACTERS)}."
