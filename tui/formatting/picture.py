"""Pictures to share, as SVG and, with cairosvg, as PNG."""

from collections.abc import Collection, Sequence
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from charloom.core.errors import CharloomError
from charloom.core.files import write_file
from charloom.core.library.generation import Generation, format_value
from charloom.core.sampling.config import SETTING_NAMES, SamplingConfig
from charloom.core.sanitize import sanitize, single_line
from charloom.core.wording import plural
from charloom.tui.formatting.shell_commands import generate_command
from charloom.tui.formatting.themes import DARK
from charloom.tui.formatting.wrapping import prompted_rows, wrapped_lines
from charloom.tui.formatting.wrapping import rows as rows_of

COLUMNS = 72
"""Of the text of a picture."""

_MAX_LINES = 48  # of text
MARGIN, _SIZE, ROW = 40, 17, 26  # pixels: around everything, of letters and of lines
_SMALL_SIZE, _SMALL_ROW = 13, 20  # of what is below the text
_CELL = 0.602  # the width of a letter, in sizes
WIDTH = round(2 * MARGIN + COLUMNS * _SIZE * _CELL)
"""Of a picture, in pixels."""

_SMALL_COLUMNS = int((WIDTH - 2 * MARGIN) / (_SMALL_SIZE * _CELL)) - 2
_FONTS = "'JetBrains Mono','Roboto Mono','DejaVu Sans Mono',Menlo,Consolas,monospace"
MUTED = "#9a958a"
_PNG_SCALE = 2.0


def picture_formats() -> tuple[str, ...]:
    """Return the formats of pictures that can be written."""
    return ("svg", "png") if find_spec("cairosvg") else ("svg",)


def write_picture(path: Path, svg: str, kind: str) -> None:
    """Write a picture as ``kind``, one of :func:`picture_formats`, replacing a file.

    Raises :class:`CharloomError` if that is not possible.
    """
    if kind == "svg":
        write_file(path, svg, force=True)
        return
    try:
        import cairosvg  # deferred: an extra, slow to import

        data: bytes = cairosvg.svg2png(bytestring=svg.encode(), scale=_PNG_SCALE)
    except (ImportError, OSError) as error:  # the latter without the Cairo library
        raise CharloomError(
            f"PNG needs cairosvg and the Cairo library ({error}). Choose SVG, or install them: "
            "pip install 'charloom[png]'."
        ) from error
    write_file(path, data, force=True)


def text_picture(generation: Generation, explicit: Collection[str] = ()) -> str:
    """Return an SVG of prompt and text, with what repeats them below.

    ``explicit`` is as for :func:`generate_command`.
    """
    g = generation
    lines = prompted_rows(sanitize(g.prompt), sanitize(g.text), COLUMNS)
    parts = [text_row(number, *row) for number, row in enumerate(lines[:_MAX_LINES])]
    rows, rest = len(parts), len(lines) - len(parts)
    if rest:
        note = _span(f"… and {plural(rest, 'more line')}", MUTED)
        parts.append(_line(MARGIN, ROW * rows, _SIZE, note))
        rows += 1
    bits = [] if g.bits_per_char is None else [f"{g.bits_per_char:.2f} bits/char"]
    facts = [f"seed {g.seed}", *_settings(g), *bits, plural(len(g.text), "character")]
    return card(str(g.checkpoint_ref), parts, ROW * rows, facts, generate_command(g, explicit))


def text_row(number: int, prompt: str, text: str) -> str:
    """Return a row of a text, counted from 0, with its part of the prompt."""
    spans = _span(prompt, DARK.primary, bold=True) + _span(text)
    return _line(MARGIN, ROW * number, _SIZE, spans)


def _settings(generation: Generation) -> list[str]:
    """Return the settings of a text, with their later values, but for cuts that are off."""
    settings = []
    for name in SETTING_NAMES:
        values = [value for _, value in generation.setting_history(name)]
        if name == "temperature" or values != [getattr(SamplingConfig(), name)]:
            settings.append(f"{name.replace('_', '-')} {' → '.join(map(format_value, values))}")
    return settings


def card(title: str, parts: Sequence[str], height: int, facts: Sequence[str], command: str) -> str:
    """Return an SVG with ``title``, ``parts`` of ``height`` pixels, facts and a command.

    ``parts`` are elements whose origin is the left top of the room between title and facts.
    """
    title, command = single_line(title, COLUMNS // 2), sanitize(command)
    top = MARGIN + 44
    y = top + height + 22
    below = [f'<path d="M{MARGIN} {y}H{WIDTH - MARGIN}" stroke="#3a3c40"/>']
    y += 10
    for line in wrapped_lines(" · ".join(facts), _SMALL_COLUMNS):
        below.append(_line(MARGIN, y, _SMALL_SIZE, _span(line, MUTED)))
        y += _SMALL_ROW
    y += 4
    starts = [row.start for row in rows_of(command, _SMALL_COLUMNS)]
    for start, end in pairwise([*starts, len(command)] if command else []):
        sign = _span("  " if start else "$ ", DARK.primary)
        words = _span(command[start:end], DARK.secondary or MUTED)
        below.append(_line(MARGIN, y, _SMALL_SIZE, sign + words))
        y += _SMALL_ROW
    total = y + MARGIN - 6
    mark = f'<text x="{WIDTH - MARGIN}" y="{MARGIN + 9}" text-anchor="end" font-size="13">'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{total}" '
            f'viewBox="0 0 {WIDTH} {total}" font-family={quoteattr(_FONTS)}>',
            f"<title>{escape(title)}</title>",
            f"<desc>{escape(command)}</desc>",
            f'<rect width="100%" height="100%" rx="14" fill="{DARK.background}"/>',
            f'<rect width="4" height="24" x="{MARGIN}" y="{MARGIN - 6}" fill="{DARK.accent}"/>',
            _line(MARGIN + 16, MARGIN - 6, 15, _span(title, DARK.foreground or MUTED, bold=True)),
            f"{mark}{_span('charloom', MUTED)}</text>",
            f'<g transform="translate(0 {top})">',
            *parts,
            "</g>",
            *below,
            "</svg>\n",
        ]
    )


def _line(x: float, y: float, size: int, spans: str) -> str:
    """Return a line of text whose row begins at ``y``."""
    return (
        f'<text x="{x}" y="{y + size}" font-size="{size}" xml:space="preserve" '
        f'style="white-space:pre">{spans}</text>'
    )


def _span(text: str, color: str | None = None, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    fill = color or DARK.foreground
    return f'<tspan fill="{fill}"{weight}>{escape(text)}</tspan>' if text else ""


def label(x: float, y: float, text: str, color: str, anchor: str = "start") -> str:
    """Return a short text at a place."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{_SMALL_SIZE}" fill="{color}" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )
