"""No legend is cut without an ellipsis, on any screen and in any size."""

import asyncio
import time
from collections.abc import Iterator

from textual.geometry import Region
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Button, Static

from charloom.tui.app import CharloomApp
from charloom.tui.formatting.key_text import with_keys
from charloom.tui.tour.stage_bar import StageBar
from charloom.tui.tour.stages import STAGES
from charloom.tui.widgets.action_bar import ActionBar
from tests.tui.helpers.driving import screen_text
from tests.tui.helpers.visiting import furnished_home, visit

SIZES = ((40, 12), (60, 16), (120, 40), (200, 60), (80, 24))
_PATIENCE_SECONDS = 10.0


def cut_legends(app: CharloomApp) -> list[str]:
    """Return the legends on the screen that lack a part without an ellipsis in its place."""
    screen_lines = screen_text(app).splitlines()
    problems = []
    for widget, region in legends(app):
        lines = [line[region.x : region.right] for line in screen_lines[region.y : region.bottom]]
        if (problem := missing(widget, lines)) is not None:
            problems.append(f"{widget!r} {app.size} lacks {problem!r}:\n{screen_text(app)}")
    return problems


def legends(app: CharloomApp) -> Iterator[tuple[Widget, Region]]:
    """Yield what must not be cut silently, with its place, unless rows of it are scrolled away."""
    for widget in app.screen.query("*"):
        if isinstance(widget, (ActionBar, StageBar, Button)) or (
            isinstance(widget, Static) and widget.styles.text_wrap == "nowrap"
        ):
            if not widget.is_on_screen or not widget.region:
                continue
            geometry = app.screen.find_widget(widget)
            region = widget.content_region
            if region.intersection(geometry.clip).height == region.height:
                yield widget, region


def missing(widget: Widget, lines: list[str]) -> str | None:
    """Return what ``lines`` lack of the text of ``widget``, or None."""
    if isinstance(widget, ActionBar):
        hints = [f"{with_keys(widget.app, hint.key)} {hint.label}" for hint in widget._hints]
        whole = " ".join(hints)
    elif isinstance(widget, StageBar):
        whole = " ".join(str(stage.number) for stage in STAGES)
        lines = [" ".join(word for line in lines for word in line.split() if word.isdigit())]
    elif isinstance(widget, Button):
        whole = str(widget.label)
    else:
        assert isinstance(widget, Static)
        content = str(widget.content).splitlines()
        cut = [
            whole
            for whole, line in zip(content, lines, strict=False)
            if line.rstrip() != whole.rstrip() and not line.rstrip().endswith("…")
        ]
        cut += content[len(lines) :]
        return "\n".join(cut) or None
    words, shown_words = whole.split(), " ".join(lines).split()
    if shown_words[-1:] == ["…"]:
        words = words[: len(shown_words) - 1]
        shown_words.pop()
    return None if words == shown_words and shown_words else " ".join(words)


async def settled_problems(pilot: Pilot[None]) -> list[str]:
    """Return the cut legends once the layout is done."""
    app = pilot.app
    assert isinstance(app, CharloomApp)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (problems := cut_legends(app)) and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
        await pilot.pause()
    return problems


async def test_no_legend_is_cut_without_an_ellipsis() -> None:
    with furnished_home():
        app = CharloomApp()
        async with app.run_test(size=(80, 24)) as pilot:
            problems = {}
            async for name in visit(pilot):
                for size in SIZES:
                    await pilot.resize_terminal(*size)
                    if cut := await settled_problems(pilot):
                        problems[name, size] = cut
            assert not problems
