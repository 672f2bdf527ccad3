"""How the Library room looks, with writings and models that never change."""

import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from charloom.core.sampling.config import SamplingChange
from charloom.core.store.write import pin_checkpoint, write_notes
from charloom.tui.app import CharloomApp
from tests.helpers.factories import (
    at_step,
    checkpoint_path,
    own_assets,
    random_checkpoint,
    ref,
    save_model,
)
from tests.helpers.marks import needs_posix
from tests.tui.helpers.driving import LARGE, SMALL, app_at, screen_text, until
from tests.tui.library.helpers import keep

pytestmark = needs_posix("tzset")
Compare = Callable[..., bool]
SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
OPENING = (
    " that no sooner had the wind fallen than we perceived upon the ice a low carriage, drawn by"
    " dogs, pass on towards the north, at the distance of half a mile. “A being which had the shape"
    " of a man,” I wrote, “but apparently of gigantic stature, sat in the sledge and guided it.”"
)


@pytest.fixture(autouse=True)
def fixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let times be those of one time zone, and the store have no model but the test's own."""
    own_assets(tmp_path, monkeypatch)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def after(*stages: str) -> Callable[[Pilot[None]], Awaitable[None]]:
    """Return a function that waits for a text, presses keys, waits for a text …"""

    async def run(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, CharloomApp)
        app.animation_level = "none"
        await until(pilot, lambda: app.focused)
        for number, stage in enumerate(stages):
            if number % 2:
                await pilot.press(*stage.split())
            else:
                await until(pilot, lambda: stage in screen_text(app))  # noqa: B023

    return run


def writings() -> None:
    """Store some texts, of which the newest has every kind of detail."""
    for day in range(1, 29):
        keep(
            f" {OPENING.split(' ', day)[-1]}",
            created=f"2026-01-{day:02d}T07:08:09+00:00",
            model="creature" if day % 3 else "the lay of the grey sea",
            step=1_000 * day,
            starred=day % 4 == 0,
            tags=("dark", "best") if day % 5 == 0 else (),
        )
    keep(
        OPENING,
        created="2026-02-03T04:05:06+00:00",
        starred=True,
        tags=("ice", "northern"),
        note="The dogs again! Compare with\nthe first letter.",
        bits_per_char=1.934,
        changes=(SamplingChange(120, 1.1, 40, 0.95),),
    )


def models() -> None:
    """Save two models, one with a damaged checkpoint and notes."""
    for step, loss in ((1_000, 2.0), (2_000, 1.9), (3_000, 1.5), (4_000, 1.6)):
        save_model("creature", at_step(step, loss))
    pin_checkpoint(ref("creature@1000"))
    checkpoint_path("creature@2000").write_bytes(b"no checkpoint")
    write_notes("creature", "It rejoices a lot.\nThe next one gets more dropout.")
    save_model(
        "the lay of the grey sea", random_checkpoint(layers=2, hidden_size=24, embedding_dim=16)
    )


@SIZES
def test_empty(snap_compare: Compare, size: tuple[int, int]) -> None:
    before = after("Nothing saved yet.")
    assert snap_compare(app_at("library"), terminal_size=size, run_before=before)


@SIZES
def test_writings(snap_compare: Compare, size: tuple[int, int]) -> None:
    writings()
    before = after("number 29")
    assert snap_compare(app_at("library"), terminal_size=size, run_before=before)


@SIZES
def test_long_text(snap_compare: Compare, size: tuple[int, int]) -> None:
    writings()
    keep(OPENING * 12 + "\n\n" + "seaseasea" * 40, model="m" * 64, tags=("x" * 40, "y" * 40))

    async def before(pilot: Pilot[None]) -> None:
        await after("number 30", "tab end", "seaseasea")(pilot)
        view = pilot.app.focused
        assert view is not None
        for rows in (0, 1, 2):  # above the end
            await until(pilot, lambda: view.scroll_offset.y == max(0, view.max_scroll_y - rows))  # noqa: B023
            await pilot.press(*["up"] * (rows < 2))

    assert snap_compare(app_at("library"), terminal_size=size, run_before=before)


@SIZES
def test_search(snap_compare: Compare, size: tuple[int, int]) -> None:
    writings()
    before = after(
        "number 29",
        "slash d o g s space s l e d enter",
        f"everything  {20:>7}",
        "down",
        "188 characters",
    )
    assert snap_compare(app_at("library"), terminal_size=size, run_before=before)


@SIZES
def test_search_without_result(snap_compare: Compare, size: tuple[int, int]) -> None:
    writings()
    before = after("number 29", "slash x y enter", "No text has all of these words")
    assert snap_compare(app_at("library"), terminal_size=size, run_before=before)


@SIZES
def test_models(snap_compare: Compare, size: tuple[int, int]) -> None:
    models()
    before = after("saved", "m", "It rejoices a lot.", "tab down", "P pin")
    assert snap_compare(app_at("library"), terminal_size=size, run_before=before)


@SIZES
def test_a_path_that_cannot_be(
    snap_compare: Compare, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    formats = "charloom.tui.library.generations_pane.picture_formats"
    monkeypatch.setattr(formats, lambda: ("svg", "png"))  # with cairosvg or without
    writings()
    typed = "home tilde x slash enter"
    sentence = "Invalid path"
    before = after("number 29", "x", "Export to:", typed, sentence, "tab right", "[everything]")
    assert snap_compare(app_at("library"), terminal_size=size, run_before=before)
