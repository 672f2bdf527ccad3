"""The Compare screen: two checkpoints side by side."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList

from charloom.core.analysis import scoring
from charloom.core.analysis.comparison import SAME, held_out_text
from charloom.core.errors import Cancelled
from charloom.core.model import checkpoint
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.completion import Completion
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.sampler import Sampler
from charloom.core.sanitize import sanitize
from charloom.core.store.read import load_checkpoint
from charloom.core.store.write import remove_model
from charloom.tui.analysis.compare import CompareScreen
from charloom.tui.analysis.compare_side import CompareSide
from charloom.tui.app import CharloomApp
from tests.core.analysis.test_comparison import save_trained_model
from tests.helpers.child_process import TEXT
from tests.helpers.factories import checkpoint_path, own_assets, random_checkpoint, ref, save_model
from tests.helpers.small_models import create
from tests.tui.helpers.driving import (
    LARGE,
    SMALL,
    app_at,
    flat_text,
    notifications,
    screen_text,
    until,
)
from tests.tui.library.helpers import HOSTILE, models, put

Compare = Callable[..., bool]


@pytest.fixture(autouse=True)
def loom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store with a model whose training text is available, and one with a higher loss."""
    own_assets(tmp_path, monkeypatch)
    save_trained_model("loom", create("loom"))
    save_model("other", random_checkpoint(TEXT + HOSTILE, seed=3, hidden_size=16, step=2_500))


def sides(pilot: Pilot[None]) -> tuple[CompareSide, CompareSide]:
    screen = next(s for s in pilot.app.screen_stack if isinstance(s, CompareScreen))
    return screen._sides


def wanted(address: str, prompt: str, temperature: float) -> str:
    model = NumpyLSTM(checkpoint.load(checkpoint_path(address)).checkpoint)
    prompt, _ = model.vocab.adapt(prompt)
    draft = Completion(Sampler(model, prompt, SamplingConfig(temperature), 0), 300)
    return prompt + "".join(character for character, _ in draft)


async def written(pilot: Pilot[None], left: str, right: str) -> None:
    """Wait until the two sides show these texts."""
    seen = [sanitize(each) for each in (left, right)]
    await until(pilot, lambda: [side._text_view._text for side in sides(pilot)] == seen)


async def opened(pilot: Pilot[None]) -> None:
    await pilot.press("m")
    await until(pilot, lambda: models(pilot).model)
    await pilot.press("b")
    await until(pilot, lambda: isinstance(pilot.app.screen, CompareScreen))


async def test_two_sides_are_written_scored_and_changed_one_by_one(tmp_path: Path) -> None:
    app = app_at("library")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await opened(pilot)
        await written(pilot, wanted("loom", "abc", 0.8), wanted("loom", "abc", 1.2))
        await until(pilot, lambda: SAME in flat_text(app))
        assert "loom@100 · temp 0.8" in screen_text(app) and "loom@100 · temp 1.2" in screen_text(
            app
        )
        held_out = held_out_text(ref("loom"), ref("loom")).text[:]
        bits = [
            scoring.carried(
                NumpyLSTM(load_checkpoint(ref(each)).checkpoint), held_out
            ).bits_per_char
            for each in ("loom", "other")
        ]
        assert screen_text(app).count(f"{bits[0]:.4f} bits/char") == 2
        await until(
            pilot, lambda: f"held-out part of sea, {len(held_out):,} characters" in screen_text(app)
        )

        await pilot.press("m")
        await until(pilot, lambda: app.screen.query_one(OptionList).option_count == 2)
        await pilot.press(*"oth")
        await until(pilot, lambda: app.screen.query_one(OptionList).option_count == 1)
        await pilot.press("enter")
        await written(pilot, wanted("loom", "abc", 0.8), wanted("other", "abc", 1.2))
        await until(pilot, lambda: "bits/char better:" in screen_text(app))
        await until(pilot, lambda: "'other' was trained on another text." in flat_text(app))
        better = "loom@100" if bits[0] < bits[1] else "other@2500"
        await until(
            pilot,
            lambda: (
                f"{better} is {abs(bits[0] - bits[1]):.2f} bits/char better:" in screen_text(app)
            ),
        )
        assert "\x1b" not in screen_text(app)

        await pilot.press("left", "T")
        put(pilot, "11")
        await pilot.press("enter")
        await until(pilot, lambda: "‘temperature’ is a number from 0 to 10" in flat_text(app))
        put(pilot, "0")
        await pilot.press("enter")
        await pilot.press("p")
        put(pilot, "the [b]sea")
        await pilot.press("enter")
        loom, other = wanted("loom", "the [b]sea", 0), wanted("other", "the [b]sea", 1.2)
        await written(pilot, loom, other)

        await pilot.press("w")
        put(pilot, str(tmp_path / "none.txt"))
        await pilot.press("enter")
        await until(pilot, lambda: "none.txt" in (notifications(app) or [""])[-1])
        app.clear_notifications()  # they would hide the bottom of the screen
        (tmp_path / "sea.txt").write_text("the sea went on (☃)\n" * 5)
        await until(pilot, lambda: "Text to score both" in screen_text(app))
        put(pilot, str(tmp_path / "sea.txt"))
        await pilot.press("enter")
        left_out = "sea, 100 characters, 20 skipped (unknown to one of the models)"
        await until(pilot, lambda: left_out in flat_text(app))
        await until(pilot, lambda: "better" in screen_text(app))

        before = [side._text_view._text for side in sides(pilot)]
        await pilot.press("r")
        await until(pilot, lambda: sides(pilot)[1]._text_view._text[:50] != before[1][:50])
        await pilot.press("escape")
        await until(pilot, lambda: app.screen.title == "Library")


@pytest.mark.parametrize("key", ["escape", "enter"])
async def test_leaving_cancels_the_scoring_and_writing_again_does_not(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    carried, begun, go, outcomes = scoring.carried, threading.Event(), threading.Event(), []

    def gated(
        model: NumpyLSTM, text: str, cancelled: Callable[[], bool], limit: int | None
    ) -> scoring.Score:
        begun.set()
        go.wait()
        try:
            score = carried(model, text, cancelled, limit)
        except Cancelled:
            outcomes.append("cancelled")
            raise
        outcomes.append("scored")
        return score

    monkeypatch.setattr(scoring, "carried", gated)
    app = app_at("library")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await opened(pilot)
        await until(pilot, begun.is_set)
        await pilot.press(key)
        if key == "escape":
            await until(pilot, lambda: app.screen.title == "Library")
        else:
            await written(pilot, wanted("loom", "abc", 0.8), wanted("loom", "abc", 1.2))
        go.set()
        await until(pilot, lambda: outcomes)
        if key == "enter":
            await until(pilot, lambda: SAME in flat_text(app))
    assert outcomes == ["cancelled" if key == "escape" else "scored"]


async def test_without_the_training_text_the_key_for_another_text_is_shown() -> None:
    app = app_at("library")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await opened(pilot)
        sides(pilot)[0].ref = ref("other")
        await pilot.press("enter")
        await until(
            pilot,
            lambda: (
                "No score: The text that 'other' learned from ('alphabet') is not on this computer."
                " Press w to choose a text." in flat_text(app)
            ),
        )


async def test_a_side_that_cannot_be_loaded_shows_why_and_the_other_is_written() -> None:
    app = app_at("library")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await opened(pilot)
        await written(pilot, wanted("loom", "abc", 0.8), wanted("loom", "abc", 1.2))
        sides(pilot)[0].ref = ref("other@7")
        remove_model("other")
        await pilot.press("enter")
        await until(pilot, lambda: "There is no model called 'other'" in flat_text(app))
        await written(pilot, sides(pilot)[0]._text_view._text, wanted("loom", "abc", 1.2))
        assert "bits/char" not in screen_text(app)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
def test_look(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def before(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, CharloomApp)
        app.animation_level = "none"
        await opened(pilot)
        sides(pilot)[1].ref = ref("other")
        await pilot.press("enter")
        await written(pilot, wanted("loom", "abc", 0.8), wanted("other", "abc", 1.2))
        await until(pilot, lambda: "better" in screen_text(app))
        await until(pilot, lambda: not any(side._text_view._caret for side in sides(pilot)))

    assert snap_compare(app_at("library"), terminal_size=size, run_before=before)
