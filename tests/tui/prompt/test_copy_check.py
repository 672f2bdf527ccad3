"""Prompt shows the longest verbatim match of a text, and warns when it repeats itself."""

import asyncio
from collections.abc import Iterator

import pytest

from charloom.core.analysis.repetition import repetition_message, repetition_period
from charloom.core.model.metadata import CorpusInfo
from charloom.core.runs.run import read_run_config
from charloom.tui.app import CharloomApp
from charloom.tui.prompt.copy_check import CopyCheck, _indexes
from charloom.tui.prompt.turn import Turn
from charloom.tui.widgets.number_slider import NumberSlider
from tests.helpers.child_process import TEXT
from tests.helpers.factories import ref
from tests.helpers.small_models import create
from tests.tui.helpers.driving import LARGE, flat_text, until
from tests.tui.prompt.helpers import (
    LONG,
    Gate,
    choose,
    ended,
    prompt_screen,
    ready,
    send,
    text_of,
    weaver,
    written,
)

TRAIN = TEXT[: len(TEXT) - len(TEXT) // 10]


@pytest.fixture(autouse=True)
def trained() -> Iterator[None]:
    """The model was trained on the text of a run on this computer, which has no index yet."""
    _indexes.clear()
    sha256 = read_run_config(create("other")).sha256
    weaver(vocab=TEXT, corpus=CorpusInfo("sea", sha256, len(TEXT), "The sea"))
    yield
    _indexes.clear()


def copied(turn: Turn) -> str:
    """Return the copied part of the chosen candidate."""
    run = turn.chosen.match
    assert run
    return text_of(turn)[run.start : run.start + run.length]


def underlined(turn: Turn) -> str:
    """Return what is underlined in a turn's text, as it is drawn."""
    (view,) = turn._views
    lines = (view.render_line(y) for y in range(view.size.height))
    return "".join(
        segment.text
        for line in lines
        for segment in line
        if segment.style and segment.style.underline
    )


async def test_the_longest_copy_of_each_text_is_shown_and_underlined(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    choose(seed=3)
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        turn = await written(pilot, "the sea ")
        await until(pilot, lambda: "longest copy" in flat_text(app))
        longest = max(
            length
            for start in range(60)
            for length in range(61 - start)
            if text_of(turn)[start : start + length] in TRAIN
        )
        assert len(copied(turn)) == longest and copied(turn) in TRAIN
        await until(pilot, lambda: f"longest copy {longest} characters" in flat_text(app))
        assert underlined(turn) == copied(turn)
        assert "more than chance" not in flat_text(app)
        monkeypatch.setattr("charloom.tui.prompt.candidate.MIN_NOTABLE_MATCH", longest)
        turn.update_candidate(turn.chosen)
        await until(pilot, lambda: f"{longest} characters: more than chance" in flat_text(app))
        (index,) = _indexes.values()

        await pilot.press("ctrl+g")
        await until(pilot, lambda: len(text_of(turn)) == 120)
        await until(pilot, lambda: turn.chosen.match)
        assert copied(turn) in TRAIN
        second = await written(pilot, "a loom ")
        await until(pilot, lambda: second.chosen.match)
        assert list(_indexes.values()) == [index]


async def test_each_candidate_shows_its_copy_and_none_without_the_training_text() -> None:
    choose(candidate_count=2)
    weaver("stranger", seed=2)
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        turn = await written(pilot, "the sea ")
        await until(pilot, lambda: all(each.match for each in turn.candidates))
        await until(pilot, lambda: flat_text(app).count("longest copy") == 2)
        await prompt_screen(pilot).use_model(ref("stranger"))
        other = await written(pilot, "the sea ")
        assert (
            await prompt_screen(pilot).transcript._copy_check.longest_match(
                "stranger", text_of(other)
            )
            is None
        )
        await pilot.pause()
        assert flat_text(app).count("longest copy") == 2 and not other.chosen.match


async def test_the_search_waits_while_a_text_is_written() -> None:
    writing, calls = True, 0

    def busy() -> bool:
        nonlocal calls
        calls += 1
        return writing

    async def soon() -> None:
        before = calls
        while calls < before + 3:
            await asyncio.sleep(0.01)

    check = CopyCheck(busy)
    first = asyncio.create_task(check.longest_match("weaver", "xx the loom xx"))
    await soon()
    assert not first.done() and not _indexes
    writing = False
    run = await first
    assert run and (run.start, run.length) == (2, 10)
    writing = True
    second = asyncio.create_task(check.longest_match("weaver", "the sea"))
    await soon()
    check.close()  # as when the app is left
    assert await second is None


async def test_a_repeating_text_is_warned_of_as_long_as_it_repeats(gate: Gate) -> None:
    gate.let(0)
    choose(temperature=0.0, length=LONG)
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        turn = await send(pilot, "the sea ")
        gate.let(1_600)
        await until(pilot, lambda: "raise the temperature or stop (Esc)" in flat_text(app))
        period = repetition_period(text_of(turn))
        assert period and repetition_message(period) in flat_text(app)

        prompt_screen(pilot).query_one("#temperature", NumberSlider).value = 5.0
        job = turn.chosen.job
        await until(pilot, lambda: job and job.sampling.temperature == 5)
        gate.let(320)
        await until(pilot, lambda: "repeats" not in flat_text(app))
        assert turn.generating
        await pilot.press("escape")
        gate.let()
        await ended(pilot, turn)
