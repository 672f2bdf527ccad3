"""The texts in a column of a table: CSV, or the like with tabs or semicolons."""

import csv
from collections.abc import Iterator

from charloom.core.data.readers.base import Reading, label
from charloom.core.data.readers.decoding import TextStream
from charloom.core.errors import CharloomError, SettingError
from charloom.core.sanitize import quoted
from charloom.core.wording import listed

_DELIMITERS = "\t,;|"
_MAX_FIELD = 2**31 - 1  # characters; by default, csv refuses fields of over 131,072
_MAX_LISTED = 12  # columns in a message


def column_texts(text: TextStream, name: str, reading: Reading) -> Iterator[str]:
    """Yield the text of each row of a table, from the column ``reading.column``.

    The column is given by its name in the first row, or by its number, from 1 on; then the first
    row has a text as well. A table with a single column needs neither.
    """
    rows = _rows(text, name)
    head = next(rows, [])
    names, column = [cell.strip() for cell in head], reading.column
    index = 0
    if column in names:
        index, head = names.index(column), []
    elif column and column.isdecimal() and len(column) < 9 and 1 <= int(column) <= len(names):
        index = int(column) - 1
    elif column or len(names) > 1:
        columns = listed([quoted(name) for name in names], _MAX_LISTED)
        what = f"{quoted(column)} is not a column of" if column else "must be given for"
        raise SettingError("column", f"{what} {label(name)}, whose columns are {columns}.")
    if head:
        yield head[index]
    for row in rows:
        if len(row) > index and row[index].strip():
            yield row[index]
        elif row:
            reading.left_out += 1


def _rows(text: TextStream, name: str) -> Iterator[list[str]]:
    first = text.start.lstrip().partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    csv.field_size_limit(_MAX_FIELD)
    # Programs that write tabs often leave quotation marks as they are.
    unquoted = delimiter == "\t" and not _is_quoted(text)
    rows = csv.reader(
        text.lines(),
        delimiter=delimiter,
        quoting=csv.QUOTE_NONE if unquoted else csv.QUOTE_MINIMAL,
        strict=True,
    )
    try:
        yield from rows
    except csv.Error as error:
        raise CharloomError(
            f"{label(name)} is not a proper table (line {rows.line_num:,}: {error}); "
            "check its quotation marks."
        ) from error


def _is_quoted(text: TextStream) -> bool:
    """Return whether the quotation marks in a table with tabs are those of its format."""
    try:
        for _ in csv.reader(text.lines(), delimiter="\t", strict=True):
            pass
    except csv.Error:
        return False
    return True
