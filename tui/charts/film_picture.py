"""A film as a picture that moves: one SVG, animated by SMIL, without scripts.

What shows no animations shows the end of the film.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

import numpy as np
from rich.cells import cell_len

from charloom.tui.charts.canvas import Polyline
from charloom.tui.charts.chart_picture import BELOW, Plot
from charloom.tui.charts.film import FRAMES_PER_SECOND, Film, Moment, frame_of
from charloom.tui.formatting import picture
from charloom.tui.formatting.picture import COLUMNS, MARGIN, MUTED, ROW, WIDTH
from charloom.tui.formatting.themes import DARK, MARK

_CHART_HEIGHT, _CAPTION, _MAX_ROWS = 170, 44, 14  # pixels, pixels, rows of text
_END_FRAMES = 5 * FRAMES_PER_SECOND  # that the last text rests before the film begins again
_POINTS = 6  # of the way of the mark from one checkpoint to the next
_FAINT = 0.35  # the opacity of what comes on the curve, and of a text that is being rewritten
_INSTANT = 0.01  # frames


def film_picture(film: Film) -> str:
    """Return the animated SVG of a film."""
    samples = [film.rows(index, COLUMNS, _MAX_ROWS) for index in range(len(film.samples))]
    top, rows = _CHART_HEIGHT + BELOW + _CAPTION, max(map(len, samples))
    parts = list(_curve(film))
    for index in range(len(samples)):
        text = picture.label(MARGIN, top - _CAPTION / 2, film.caption(index), MUTED)
        start, end = (frame_of(Moment(n, 0)) for n in (index, index + 1))
        parts.append(_shown(film, index, text, {start: 1, end: 0}))
    parts.append(f'<g transform="translate(0 {top})">')
    for row in range(rows):
        parts += _row(film, samples, row)
    return picture.card(film.model, [*parts, "</g>"], top + ROW * rows, film.facts, film.command)


def _curve(film: Film) -> Iterator[str]:
    """Yield the curve, which is faint after the mark."""
    plot = Plot.of(film.data, _CHART_HEIGHT)
    if plot is None:
        return
    samples = range(len(film.samples))
    moments = [Moment(n, point / _POINTS) for n in samples for point in range(_POINTS + 1)]
    steps = np.clip([film.step(moment) for moment in moments], *plot.x)
    x, y = plot.place(Polyline(steps, np.interp(steps, *film.data.marked_line)))
    y = np.clip(y, 0, _CHART_HEIGHT)
    across, down, past = (
        _animate(film, name, dict(zip(map(frame_of, moments), at.round(1).tolist(), strict=True)))
        for name, at in (("cx", x), ("cy", y), ("width", x - plot.left))
    )
    lines = "".join(plot.lines())
    yield from (*plot.axes(), *plot.legend())
    yield (
        f'<clipPath id="past"><rect x="{plot.left}" y="-4" height="{_CHART_HEIGHT + 8}" '
        f'width="{x[-1] - plot.left:.1f}">{past}</rect></clipPath>'
        f'<g opacity="{_FAINT}">{lines}</g><g clip-path="url(#past)">{lines}</g>'
        f'<circle cx="{x[-1]:.1f}" cy="{y[-1]:.1f}" r="6" fill="{MARK}">{across}{down}</circle>'
    )


def _row(film: Film, samples: Sequence[Sequence[tuple[str, str]]], row: int) -> Iterator[str]:
    """Yield a row of each text, and the cover that draws back while the row is written."""
    cell = (WIDTH - 2 * MARGIN) / COLUMNS
    cover: dict[float, float] = {0: WIDTH}  # its left by frame
    starts = [_starts(index, rows) for index, rows in enumerate(samples)]
    for index, rows in enumerate(samples):
        if row >= len(rows):
            continue
        start, end = starts[index][row : row + 2]
        following = starts[index + 1] if index + 1 < len(samples) else [film.frames]
        opacities = {start: 1, frame_of(Moment(index + 1, 0)): _FAINT}
        opacities |= {following[min(row, len(following) - 1)]: 0}
        yield _shown(film, index, picture.text_row(row, *rows[row]), opacities)
        prompt, text = map(cell_len, rows[row])
        if start:
            cover[start - _INSTANT] = list(cover.values())[-1]
        cover |= {start: MARGIN + prompt * cell, end + _INSTANT: MARGIN + (prompt + text) * cell}
    yield (
        f'<rect x="{WIDTH}" y="{ROW * row}" width="{WIDTH}" height="{ROW}" '
        f'fill="{DARK.background}">{_animate(film, "x", cover)}</rect>'
    )


def _starts(index: int, rows: Sequence[tuple[str, str]]) -> list[float]:
    """Return the frames in which the rows of a sample begin to be written, and the last ends."""
    written = list(accumulate((len(text) for _, text in rows), initial=0))
    return [frame_of(Moment(index, count / max(1, written[-1]))) for count in written]


def _shown(film: Film, index: int, element: str, opacities: Mapping[float, float]) -> str:
    """Return an element of a sample, with its opacities from frames on; before, it is hidden."""
    last = index == len(film.samples) - 1
    shown = {frame: value for frame, value in opacities.items() if frame < film.frames}
    animation = _animate(film, "opacity", {0: 0} | shown, "discrete")
    return f'<g opacity="{int(last)}">{element}{animation}</g>'


def _animate(
    film: Film, attribute: str, values: Mapping[float, float], mode: str = "linear"
) -> str:
    """Return an animation with ``values`` by frame; it begins again and again."""
    length = film.frames + _END_FRAMES
    times, steps = zip(*sorted(values.items()), strict=True)
    if mode == "linear":
        times, steps = (*times, length), (*steps, steps[-1])
    return (
        f'<animate attributeName="{attribute}" calcMode="{mode}" '
        f'dur="{length / FRAMES_PER_SECOND:g}s" repeatCount="indefinite" '
        f'keyTimes="{";".join(f"{time / length:.5f}" for time in times)}" '
        f'values="{";".join(f"{step:g}" for step in steps)}"/>'
    )
