"""Snapshots of the Prompt screen: small and large, empty, generating, failing and full."""

import itertools
from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from charloom.core import paths
from charloom.core.model.metadata import Losses
from charloom.tui.app import CharloomApp
from charloom.tui.dialogs.model_picker import ModelPicker
from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.generations import generation
from tests.tui.helpers.driving import LARGE, SMALL, until
from tests.tui.prompt.helpers import (
    Gate,
    choose,
    composer,
    prompt_screen,
    ready,
    send,
    weaver,
)

Compare = Callable[..., bool]
SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
TEXT = (
    " that no disaster has accompanied the commencement of an enterprise which you have regarded "
    "with such evil forebodings.\n\nI arrived here yesterday, and my first task is to assure my "
    "dear sister of my welfare and increasing confidence in the success of my undertaking. "
)


@pytest.fixture(autouse=True)
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use a model with known figures, and a clock that ticks with every reading."""
    losses = Losses(validation=1.43)
    save_model("weaver", random_checkpoint(step=4_210, losses=losses))
    choose(seed=7, length=400)
    ticks = itertools.count()
    monkeypatch.setattr("charloom.tui.services.writer.perf_counter", lambda: next(ticks) / 20_000)


async def still(pilot: Pilot[None]) -> None:
    composer(pilot).cursor_blink = False
    await pilot.pause()


@SIZES
def test_the_first_meeting(snap_compare: Compare, size: tuple[int, int]) -> None:
    choose(model="frankenstein", welcomed=False)

    async def before(pilot: Pilot[None]) -> None:
        await ready(pilot)
        await still(pilot)

    assert snap_compare(CharloomApp(), terminal_size=size, run_before=before)


@SIZES
def test_in_the_middle_of_a_text(snap_compare: Compare, size: tuple[int, int], gate: Gate) -> None:
    gate.let(256)

    async def before(pilot: Pilot[None]) -> None:
        await ready(pilot)
        turn = await send(pilot, "you will rejoice to hear ")
        await until(pilot, lambda: len(turn.chosen.text) == 256)
        prompt_screen(pilot).show_turn()
        await still(pilot)

    assert snap_compare(CharloomApp(), terminal_size=size, run_before=before)


@SIZES
def test_four_candidates(snap_compare: Compare, size: tuple[int, int]) -> None:
    choose(seed=7, length=100, candidate_count=4)

    async def before(pilot: Pilot[None]) -> None:
        await ready(pilot)
        turn = await send(pilot, "you will rejoice to hear ")
        await until(pilot, lambda: not turn.generating and all(p.saved for p in turn.candidates))
        turn.focus()
        await pilot.press("right")
        await still(pilot)

    assert snap_compare(CharloomApp(), terminal_size=size, run_before=before)


@SIZES
def test_a_text_that_cannot_be_kept_and_a_prompt_with_strange_characters(
    snap_compare: Compare, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = paths.home() / "library.sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"not a library" * 100)
    monkeypatch.setattr(
        "charloom.core.library.database.Library._message", lambda *_: "The library is no library."
    )

    async def before(pilot: Pilot[None]) -> None:
        await ready(pilot)
        turn = await send(pilot, "you will rejoice to hear ")
        await until(pilot, lambda: turn.chosen.error)
        composer(pilot).set_text("the “sea” ☃")
        pilot.app._notifications.clear()
        pilot.app._refresh_notifications()
        await still(pilot)

    assert snap_compare(CharloomApp(), terminal_size=size, run_before=before)


@SIZES
def test_a_long_text_that_is_read_from_its_middle(
    snap_compare: Compare, size: tuple[int, int]
) -> None:
    made = generation(TEXT * 20, starred=True, bits_per_char=1.934, model="weaver")

    async def before(pilot: Pilot[None]) -> None:
        await ready(pilot)
        await prompt_screen(pilot).reopen(made)
        await pilot.press("ctrl+up", "pageup", "pageup")
        await until(pilot, lambda: not prompt_screen(pilot).transcript.following)
        prompt_screen(pilot).transcript.scroll_to(y=20, animate=False)
        pilot.app._notifications.clear()
        pilot.app._refresh_notifications()
        await still(pilot)

    assert snap_compare(CharloomApp(), terminal_size=size, run_before=before)


@SIZES
def test_the_choice_of_models(snap_compare: Compare, size: tuple[int, int]) -> None:
    for step, loss in ((100, 2.0), (1_200, 1.5), (1_300, 1.7)):
        weaver("creature", step=step, losses=Losses(validation=loss))

    async def before(pilot: Pilot[None]) -> None:
        await ready(pilot)
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(pilot.app.screen, ModelPicker))
        await until(pilot, lambda: pilot.app.screen.query_one("OptionList").option_count)  # type: ignore[attr-defined]
        await pilot.pause()

    assert snap_compare(CharloomApp(), terminal_size=size, run_before=before)
