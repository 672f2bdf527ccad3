"""A film as an asciicast, which asciinema plays in a terminal.

The format is asciicast v2: https://docs.asciinema.org/manual/asciicast/v2/
"""

import json
import re
from collections.abc import Iterator

from rich.color import ColorSystem
from rich.style import Style

from charloom.core.sanitize import single_line
from charloom.tui.charts.film import FRAMES_PER_SECOND, STYLES, Film, Spans
from charloom.tui.formatting.content import fit_line
from charloom.tui.formatting.picture import MUTED
from charloom.tui.formatting.themes import DARK, MARK

_WIDTH, _HEIGHT = 80, 24  # cells
_PALETTE = (
    *(DARK.background, DARK.error, DARK.success, DARK.warning),
    *(DARK.secondary, DARK.primary, DARK.accent, DARK.foreground),
)
_VARIABLES = {"text-muted": MUTED, "text-disabled": "#6b675e", "cursor-1": MARK}
_COLORS = {
    role: Style.parse(
        re.sub(r"\$([\w-]+)", lambda m: _VARIABLES.get(m[1]) or getattr(DARK, m[1]), style)
    )
    for role, style in STYLES.items()
}


def asciicast(film: Film) -> str:
    """Return the lines of the file: a header, and for each change its time and what is written."""
    header = {
        "version": 2,
        "width": _WIDTH,
        "height": _HEIGHT,
        "title": f"Growth of {single_line(film.model, _WIDTH)}",
        "command": film.command,
        "theme": {
            "fg": DARK.foreground,
            "bg": DARK.background,
            "palette": ":".join(map(str, _PALETTE)),
        },
    }
    events = [
        [round(frame / FRAMES_PER_SECOND, 3), "o", output] for frame, output in _outputs(film)
    ]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in (header, *events))


def _outputs(film: Film) -> Iterator[tuple[int, str]]:
    """Yield each frame that changes rows, with what changes them; the cursor is hidden."""
    yield 0, "\x1b[?25l\x1b[2J"
    facts = fit_line(" · ".join([film.model, *film.facts]), _WIDTH - 2)
    before = [""] * _HEIGHT
    for frame in range(film.frames):
        rows = film.screen(film.at(frame), _WIDTH - 2, _HEIGHT - 2)
        lines = [*map(_line, [[(facts, "label")], [], *rows])]
        lines += [""] * (_HEIGHT - len(lines))
        changes = [
            f"\x1b[{number};1H {line}\x1b[K"
            for number, (line, old) in enumerate(zip(lines, before, strict=True), 1)
            if line != old
        ]
        if changes:
            yield frame, "".join(changes)
        before = lines
    yield film.frames, f"\x1b[{_HEIGHT};1H\x1b[?25h"


def _line(spans: Spans) -> str:
    truecolor = ColorSystem.TRUECOLOR
    return "".join(_COLORS[role].render(text, color_system=truecolor) for text, role in spans)
