"""A film as a picture that moves: one SVG, animated by SMIL, without scripts.

What shows no animations shows the end of the film.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

import numpy as np
from rich.cells import cell_len

from charloom.tui.charts.canvas import Polyline
from charloom.tui.charts.chart_picture import BELOW, Plot
from charloom.tui.charts.film import FRAMES_PER_SECOND, Film, Moment, frame_of
from charloom.tui.formatting.picture import (
    COLUMNS,
    MARGIN,
    MUTED,
    ROW,
    WIDTH,
    card,
    label,
    text_row,
)
from charloom.tui.formatting.themes import DARK, MARK

_CHART_HEIGHT, _CAPTION, _MAX_ROWS = 170, 44, 14  # pixels, pixels, rows of text
_END_FRAMES = 5 * FRAMES_PER_SECOND  # that the last text rests before the film begins again
_POINTS = 6  # of the way of the mark from one checkpoint to the next
_FAINT = 0.35  # the opacity of what comes on the curve, and of a text that is being rewritten
_INSTANT = 0.01  # frames

_Rows = list[tuple[str, str]]


def film_picture(film: Film) -> str:
    """Return the animated SVG of a film."""
    samples = [film.rows(index, COLUMNS, _MAX_ROWS) for index in range(len(film.samples))]
    top, rows = _CHART_HEIGHT + BELOW + _CAPTION, max(map(len, samples))
    parts = [*_curve(film), *_captions(film), f'<g transform="translate(0 {top})">']
    for row in range(rows):
        parts += _row(film, samples, row)
    return card(film.model, [*parts, "</g>"], top + ROW * rows, film.facts, film.command)


def _curve(film: Film) -> Iterator[str]:
    """Yield the curve, which is faint after the mark."""
    plot = Plot.of(film.data, _CHART_HEIGHT)
    if plot is None:
        return
    samples = range(len(film.samples))
    moments = [Moment(n, point / _POINTS) for n in samples for point in range(_POINTS + 1)]
    steps = np.clip([film.step(moment) for moment in moments], *plot.x)
    x, y = plot.place(Polyline(steps, np.interp(steps, *film.data.marked_line)))
    frames = [frame_of(moment) for moment in moments]
    across, down, width = (
        dict(zip(frames, values.round(1).tolist(), strict=True)) for values in (x, y, x - plot.left)
    )
    yield from plot.axes()
    yield (
        f'<clipPath id="past"><rect x="{plot.left}" y="-4" height="{_CHART_HEIGHT + 8}" '
        f'width="{width[frames[-1]]}">{_animate(film, "width", width)}</rect></clipPath>'
    )
    lines = "".join(plot.lines())
    yield f'<g opacity="{_FAINT}">{lines}</g><g clip-path="url(#past)">{lines}</g>'
    yield (
        f'<circle cx="{x[-1]:.1f}" cy="{y[-1]:.1f}" r="6" fill="{MARK}">'
        f"{_animate(film, 'cx', across)}{_animate(film, 'cy', down)}</circle>"
    )


def _captions(film: Film) -> Iterator[str]:
    for index in range(len(film.samples)):
        text = label(MARGIN, _CHART_HEIGHT + BELOW + _CAPTION / 2, film.caption(index), MUTED)
        start, end = frame_of(Moment(index, 0)), frame_of(Moment(index + 1, 0))
        yield _shown(film, index, text, {0: 0, start: 1, end: 0})


def _row(film: Film, samples: list[_Rows], row: int) -> Iterator[str]:
    """Yield a row of each text, and the cover that draws back while the row is written."""
    cover: dict[float, float] = {}
    hidden = 0.0
    for index, rows in enumerate(samples):
        if row >= len(rows):
            continue
        start, end = _writing(index, rows, row)
        following = samples[index + 1] if index + 1 < len(samples) else []
        replaced = _writing(index + 1, following, min(row, len(following)))[0]
        rewritten = frame_of(Moment(index + 1, 0))
        text = text_row(row, *rows[row])
        yield _shown(film, index, text, {0: 0, start: 1, rewritten: _FAINT, replaced: 0})
        if start:
            cover[start - _INSTANT] = hidden
        prompt, width = cell_len(rows[row][0]), cell_len("".join(rows[row]))
        hidden = 1 - width / COLUMNS
        cover |= {start: 1 - prompt / COLUMNS, max(end, start + _INSTANT): hidden}
    scales = {frame: f"{scale:.4f} 1" for frame, scale in ({0: 0.0} | cover).items()}
    width = WIDTH - 2 * MARGIN
    scaling = _animate(film, "transform", scales, "Transform", ' type="scale"')
    yield (
        f'<g transform="translate({WIDTH - MARGIN} {ROW * row})"><rect x="{-width}" '
        f'width="{width}" height="{ROW}" fill="{DARK.background}" transform="scale(0 1)">'
        f"{scaling}</rect></g>"
    )


def _writing(index: int, rows: _Rows, row: int) -> tuple[float, float]:
    """Return the frames in which the writing of a row begins and ends."""
    written = list(accumulate((len(text) for _, text in rows), initial=0))
    shares = (written[min(n, len(rows))] / max(1, written[-1]) for n in (row, row + 1))
    start, end = (frame_of(Moment(index, share)) for share in shares)
    return start, end


def _shown(film: Film, index: int, element: str, opacities: Mapping[float, float]) -> str:
    """Return an element of a sample with opacities from frames on."""
    last = index == len(film.samples) - 1
    steps = {frame: value for frame, value in opacities.items() if frame < film.frames}
    animation = _animate(film, "opacity", steps, mode="discrete")
    return f'<g opacity="{int(last)}">{element}{animation}</g>'


def _animate(
    film: Film,
    attribute: str,
    values: Mapping[float, object],
    kind: str = "",
    more: str = "",
    mode: str = "linear",
) -> str:
    """Return an animation with ``values`` by frame; it begins again and again."""
    length = film.frames + _END_FRAMES
    frames = sorted(values)
    keys: list[tuple[float, object]] = [(frame / length, values[frame]) for frame in frames]
    if mode == "linear":
        keys.append((1, keys[-1][1]))
    return (
        f'<animate{kind} attributeName="{attribute}"{more} calcMode="{mode}" '
        f'dur="{length / FRAMES_PER_SECOND:g}s" repeatCount="indefinite" '
        f'keyTimes="{_joined(f"{time:.5f}" for time, _ in keys)}" '
        f'values="{_joined(value for _, value in keys)}"/>'
    )


def _joined(values: Iterable[object]) -> str:
    return ";".join(map(str, values))
