"""Textual, patched: an update of a part of the screen draws what Textual alone would draw."""

from itertools import pairwise
from typing import Any

import pyte
import pytest
from rich.console import Console
from textual._compositor import Compositor
from textual.geometry import Region
from textual.screen import Screen

from charloom.tui.prompt.panel import ActiveModelLabel
from charloom.tui.textual_patches import draw_now, render_changed_rows
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


async def test_what_was_refreshed_is_drawn_at_once_unless_the_screen_is_covered() -> None:
    app = app_at("prompt")
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "bits/char (carried)" in screen_text(app))
        screen, label = app.screen, app.screen.query_one(ActiveModelLabel)
        pictures = []

        def show(screen: Screen[Any], picture: object) -> None:
            if picture is not None:
                pictures.append(screen)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(app, "_display", show)
            for drawn, covered in ((True, False), (False, True)):
                if covered:
                    await app.push_screen(Screen())
                await pilot.pause()
                pictures.clear()
                label.refresh()
                draw_now(screen, [label])
                assert pictures == [screen] * drawn
            app.pop_screen()
            await pilot.pause()
            pictures.clear()
            label.refresh(layout=True)  # which comes first
            draw_now(screen, [label])
            assert not pictures
        await pilot.pause()
