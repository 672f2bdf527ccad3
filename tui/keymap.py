"""The keys of every action, by the ids of bindings, and the check of the user's own."""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import Keys, format_key

from charloom.core.sanitize import quoted
from charloom.core.wording import did_you_mean

_PACKAGES = (
    *("prompt", "train", "library", "analysis", "tour", "settings"),
    *("dialogs", "widgets", "charts"),
)
_TOGETHER = (  # parts of one screen, by the first words of their ids
    {"prompt", "turn", "composer", "surprise"},
    {"library", "texts"},
    {"library", "models"},
)
_WITHOUT_LISTS = {"composer", "text", "chart", "dialog"}
_WITH_FIELDS = ("prompt", "composer", "new_run", "dialog")  # where characters are typed
_MODIFIERS = {"ctrl", "alt", "shift", "super", "meta", "hyper"}
_KEY_NAMES = {key.value for key in Keys}
_ALLOWED = (
    'keys are single characters ("S" for shift and s) or names such as f7, space, ctrl+g, alt+x '
    "and shift+up, with commas between them."
)


class KeyedAction(NamedTuple):
    """An action with the ``id`` of its binding and its keys, as the app has them at first."""

    id: str
    keys: str
    title: str


@cache
def key_actions() -> tuple[KeyedAction, ...]:
    """Return every action that can have other keys; this imports all screens."""
    for name in _PACKAGES:
        package = importlib.import_module(f"charloom.tui.{name}")
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")
    importlib.import_module("charloom.tui.app")
    actions: dict[str, KeyedAction] = {}
    for node in _node_types(DOMNode):
        for binding in node.__dict__.get("BINDINGS", ()):
            if isinstance(binding, Binding) and binding.id:
                title = binding.tooltip or binding.description
                actions.setdefault(binding.id, KeyedAction(binding.id, binding.key, title))
    return tuple(sorted(actions.values()))


def check_keys(keys: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return those of ``keys`` that can be used, by ids, and a sentence for each other one."""
    if not keys:
        return {}, []
    default = {action.id: _split(action.keys) for action in key_actions()}
    problems: list[str] = []
    valid: dict[str, str] = {}
    for name, value in keys.items():
        if name not in default:
            hint = did_you_mean(name, default) or "the file that is written at first lists them."
            problems.append(f"No action has the id {quoted(name)}; {hint}")
        elif wrong := [key for key in _split(value) if not _is_key(key)]:
            problems.append(f"{name} cannot have the key {quoted(wrong[0])}: {_ALLOWED}")
        elif typed := [key for key in _split(value) if _is_typed(name, key)]:
            problems.append(
                f"{name} cannot have the key {typed[0]}: it is typed there. Take one with ctrl, "
                "alt or f."
            )
        else:
            valid[name] = value
    used = default | {name: _split(value) for name, value in valid.items()}
    for name in list(valid):
        for key in used[name] - default[name]:
            others = (o for o in used if o != name and key in used[o] and _meet(name, o))
            # Some share a key at first: where both are, one of them comes before the other.
            other = next((o for o in others if not default[name] & default[o]), None)
            if other and name in valid:
                problems.append(
                    f"{name} cannot have the key {key}: {other} has it on the same screen."
                )
                del valid[name]
                used[name] = default[name]
    return valid, problems


def _node_types(node: type[DOMNode]) -> Iterator[type[DOMNode]]:
    """Yield all classes of Charloom derived from ``node``."""
    for derived in node.__subclasses__():
        if derived.__module__.startswith("charloom."):
            yield derived
        yield from _node_types(derived)


def _split(keys: str) -> set[str]:
    """Return the keys by Textual's names, such as ``slash`` for ``/``."""
    stripped = {key.strip() for key in keys.split(",")}
    bindings = Binding.make_bindings(Binding(key or "nothing", "") for key in stripped)
    return {binding.key for binding in bindings}


def _is_key(key: str) -> bool:
    *modifiers, name = key.split("+")
    if len(name) == 1 and modifiers == ["shift"]:  # terminals send the capital letter
        return False
    known = name in _KEY_NAMES or len(format_key(name)) == 1  # a character, or its name
    return known and set(modifiers) <= _MODIFIERS


def _is_typed(name: str, key: str) -> bool:
    """Return whether a text field takes ``key`` where the action ``name`` is."""
    typed = key == "space" or ("+" not in key and key not in _KEY_NAMES)
    return typed and name.partition(".")[0] in _WITH_FIELDS


def _meet(one: str, other: str) -> bool:
    """Return whether two ids belong to actions of one screen; those of the app are on all."""
    groups = {name.partition(".")[0] for name in (one, other)}
    if len(groups) == 1:
        return True
    if "list" in groups:
        return not groups & _WITHOUT_LISTS
    if "app" in groups:
        return "dialog" not in groups
    return any(groups <= together for together in _TOGETHER)
