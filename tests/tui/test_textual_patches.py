"""Textual, patched: an update of a part of the screen draws what Textual alone would draw."""

from itertools import pairwise

import pyte
import pytest
from rich.console import Console
from textual._compositor import Compositor
from textual.geometry import Region

from charloom.tui.textual_patches import render_changed_rows
from tests.tui.helpers.driving import SMALL, app_at, screen_text, until


def drawn(compositor: Compositor, regions: list[Region]) -> list[list[pyte.screens.Char]]:
    """Return what a blank terminal shows after an update of ``regions``."""
    compositor._dirty_regions.update(regions)
    update = compositor.render_partial_update()
    assert update
    screen = pyte.Screen(*SMALL)
    pyte.Stream(screen).feed(update.render_segments(Console(color_system="truecolor")))
    columns, lines = map(range, SMALL)
    return [[screen.buffer[y][x] for x in columns] for y in lines]


@pytest.mark.parametrize(
    ("mode", "word"),
    [("prompt", "bits/char (carried)"), ("settings", "charloom  settings"), ("train", "Press a")],
)
async def test_updates_of_widgets_alone_and_in_pairs(
    mode: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = app_at(mode)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: word in screen_text(app))
        compositor = app.screen._compositor
        placed = compositor.visible_widgets.values()
        visible = [area for region, clip in placed if (area := region.intersection(clip))]
        updates = [[region] for region in visible] + [list(pair) for pair in pairwise(visible)]
        expected = [drawn(compositor, regions) for regions in updates]
        for method in ("_get_renders", "render_partial_update"):
            monkeypatch.setattr(Compositor, method, getattr(Compositor, method))
        render_changed_rows()
        assert [drawn(compositor, regions) for regions in updates] == expected
        assert len(updates) > 10
