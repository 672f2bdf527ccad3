"""A film as an asciicast, which asciinema plays in a terminal.

The format is asciicast v2: https://docs.asciinema.org/manual/asciicast/v2/
"""

import json
from collections.abc import Iterator, Sequence

from rich.color import ColorSystem
from rich.style import Style

from charloom.core.sanitize import single_line
from charloom.tui.charts.axes import Ink
from charloom.tui.charts.film import FRAMES_PER_SECOND, Film, Moment
from charloom.tui.charts.loss_plot import draw
from charloom.tui.formatting.content import fit_line
from charloom.tui.formatting.picture import MUTED
from charloom.tui.formatting.themes import DARK, MARK

_Row = Sequence[tuple[str, str | int]]  # parts, each with its role or ink

_WIDTH, _HEIGHT, _CHART_HEIGHT = 80, 24, 10  # cells
_LEFT = " "
_TEXT_WIDTH, _TEXT_HEIGHT = _WIDTH - 2, _HEIGHT - _CHART_HEIGHT - 5
_FAINT = "#6b675e"
_COLORS: dict[str | int, str | None] = {
    "prompt": DARK.primary,
    "text": DARK.foreground,
    "old": _FAINT,
    "caret": DARK.accent,
    "muted": MUTED,
    Ink.AXIS: _FAINT,
    Ink.TRAIN: DARK.secondary,
    Ink.VALIDATION: DARK.accent,
    Ink.BEST: DARK.success,
    Ink.MARK: MARK,
}
_BOLD = {"prompt", Ink.VALIDATION, Ink.BEST, Ink.MARK}
_CLEAR, _HIDE_CURSOR, _SHOW_CURSOR, _CLEAR_LINE = "\x1b[2J", "\x1b[?25l", "\x1b[?25h", "\x1b[K"


def asciicast(film: Film) -> str:
    """Return the lines of the file: a header, and for each change its time and what is written."""
    palette = (
        *(DARK.background, DARK.error, DARK.success, DARK.warning),
        *(DARK.secondary, DARK.primary, DARK.accent, DARK.foreground),
    )
    header = {
        "version": 2,
        "width": _WIDTH,
        "height": _HEIGHT,
        "title": f"Growth of {single_line(film.model, _WIDTH)}",
        "command": film.command,
        "theme": {
            "fg": DARK.foreground,
            "bg": DARK.background,
            "palette": ":".join(map(str, palette)),
        },
    }
    events = [
        [round(frame / FRAMES_PER_SECOND, 3), "o", output] for frame, output in _outputs(film)
    ]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in (header, *events))


def _outputs(film: Film) -> Iterator[tuple[int, str]]:
    """Yield each frame that changes rows, with what changes them."""
    yield 0, _HIDE_CURSOR + _CLEAR
    before = [""] * _HEIGHT
    for frame in range(film.frames):
        rows = [_styled(row) for row in _rows(film, film.at(frame))]
        changes = [
            f"\x1b[{number};1H{row}{_CLEAR_LINE}"
            for number, (row, old) in enumerate(zip(rows, before, strict=True), 1)
            if row != old
        ]
        if changes:
            yield frame, "".join(changes)
        before = rows
    yield film.frames, f"\x1b[{_HEIGHT};1H{_SHOW_CURSOR}"


def _rows(film: Film, moment: Moment) -> Iterator[_Row]:
    """Yield the rows of the terminal: settings, curve, caption and text."""
    settings = " · ".join([film.model, *film.facts])
    yield [(_LEFT, "text"), (fit_line(settings, _TEXT_WIDTH), "muted")]
    yield []
    canvas = draw(film.data, _TEXT_WIDTH, _CHART_HEIGHT, mark=film.step(moment)).canvas
    for row in range(_CHART_HEIGHT):
        yield [(_LEFT, "text"), *canvas.spans(row)]
    yield []
    yield [(_LEFT, "text"), (film.caption(moment.sample), "muted")]
    yield []
    text = film.spans(moment, _TEXT_WIDTH, _TEXT_HEIGHT)
    for spans in text:
        yield [(_LEFT, "text"), *spans]
    yield from [[]] * (_TEXT_HEIGHT - len(text))


def _styled(spans: _Row) -> str:
    return "".join(
        Style(color=_COLORS.get(role, MUTED), bold=role in _BOLD).render(
            text, color_system=ColorSystem.TRUECOLOR
        )
        for text, role in spans
        if text
    )
