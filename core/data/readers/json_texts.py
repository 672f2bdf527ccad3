"""The texts in a field of JSON or JSON Lines."""

import json
from collections.abc import Iterator
from typing import Any

from charloom.core.data.readers.base import Reading, label
from charloom.core.data.readers.decoding import TextStream
from charloom.core.errors import CharloomError, SettingError
from charloom.core.sanitize import quoted
from charloom.core.wording import listed

_MAX_LISTED = 12  # fields in a message
_MAX_DEPTH = 8  # of a field that a message lists


def field_texts(text: TextStream, name: str, reading: Reading) -> Iterator[str]:
    """Yield the text of each record, from the field ``reading.column``.

    The records are the lines, or the items of the lists in a single value. The field of an object
    in another one is given as ``outer.inner``. A list of texts, and objects with a single text,
    need no field.
    """
    field, found = reading.column or "", False
    fields: dict[str, None] = {}
    try:
        for value in _values(text, name):
            if not field and not fields:
                fields = dict.fromkeys(_text_fields(value))
                if len(fields) > 1:
                    break
                field = next(iter(fields), "")
                reading.fields |= fields
            for record in _texts(value, field):
                if record and record.strip():
                    found = True
                    yield record
                else:
                    reading.left_out += 1
            if not found and len(fields) < _MAX_LISTED:
                fields |= dict.fromkeys(_text_fields(value))
    except RecursionError as error:
        raise CharloomError(f"{label(name)} is nested too deeply.") from error
    if not found and fields:
        known = listed([quoted(field) for field in fields], _MAX_LISTED)
        what = f"{quoted(field)} is not a field with text of" if field else "must be given for"
        raise SettingError("column", f"{what} {label(name)}, whose fields are {known}.", "field")


def _values(text: TextStream, name: str) -> Iterator[Any]:
    """Yield the value in ``text``, or the value of each line if it is JSON Lines."""
    lines = filter(str.strip, text.lines())
    try:
        first = json.loads(next(lines, "null"))
    except ValueError:  # a value over several lines, or none
        first = None
    is_lines = first is not None and next(lines, None) is not None
    number = 0
    try:
        for line in text.lines() if is_lines else ["".join(text.pieces())]:
            number += 1
            if line.strip():
                yield json.loads(line)
    except json.JSONDecodeError as error:
        place = f"line {number if is_lines else error.lineno:,}, character {error.colno:,}"
        raise CharloomError(f"{label(name)} is not valid JSON ({place}: {error.msg}).") from error
    except ValueError as error:  # a number with thousands of digits
        raise CharloomError(f"{label(name)} is not valid JSON ({error}).") from error


def _texts(value: Any, field: str) -> Iterator[str | None]:
    """Yield the text of each record in ``value``, None for one without."""
    if isinstance(value, list):
        for item in value:
            yield from _texts(item, field)
    elif not field:
        yield value if isinstance(value, str) else None
    elif isinstance(value, dict):
        name, _, inner = (field, "", "") if field in value else field.partition(".")
        yield from _texts(value.get(name), inner)
    else:
        yield None


def _text_fields(value: Any, prefix: str = "", depth: int = 0) -> Iterator[str]:
    """Yield the fields of ``value`` that are texts; of a list, those of its first item."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        yield from _text_fields(value[0] if value else None, prefix, depth + 1)
    elif isinstance(value, str) and prefix:
        yield prefix
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _text_fields(item, f"{prefix}.{name}" if prefix else name, depth + 1)
