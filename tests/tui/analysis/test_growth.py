"""The Growth screen: texts of all checkpoints of a model."""

import re
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from textual.content import Content
from textual.pilot import Pilot
from textual.widgets import Static

from charloom.core.analysis.checkpoint_samples import CheckpointSample, sample_checkpoints
from charloom.core.model.metadata import Losses
from charloom.core.runs import events
from charloom.core.runs.events import CheckpointSaved
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sanitize import sanitize
from charloom.core.store.read import find_model
from charloom.tui.analysis.film_view import FilmView
from charloom.tui.analysis.growth import GrowthScreen
from charloom.tui.analysis.growth_list import GrowthList
from charloom.tui.app import CharloomApp
from charloom.tui.charts.film_cast import asciicast
from charloom.tui.dialogs.save_file import SaveFileDialog
from charloom.tui.widgets.inputs import SafeInput
from charloom.tui.widgets.option_row import OptionRow
from tests.helpers.factories import checkpoint_path, own_assets, random_checkpoint, save_model
from tests.tui.helpers.driving import (
    LARGE,
    SMALL,
    app_at,
    flat_text,
    notifications,
    screen_text,
    until,
)
from tests.tui.helpers.run_folders import at_work, course, write_run
from tests.tui.library.helpers import HOSTILE, models, put

Compare = Callable[..., bool]
VOCAB = "\n abcdefghijklmnopqrstuvwxyz" + HOSTILE


@pytest.fixture(autouse=True)
def only_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store without any model but those of the test."""
    own_assets(tmp_path, monkeypatch)


def save_checkpoints(*steps: int) -> None:
    for step in steps:
        losses = Losses(validation=4_000 / (step + 1_000), carried=0.9 if step == 4_000 else None)
        new = random_checkpoint(VOCAB, seed=step, step=step, losses=losses)
        save_model("creature", new)


def growth_list(pilot: Pilot[None]) -> GrowthList:
    return pilot.app.screen.query_one(GrowthList)


def expected(prompt: str, temperature: float = 0.8, seed: int = 0) -> list[CheckpointSample]:
    saved = find_model("creature").checkpoints
    return list(sample_checkpoints(saved, prompt, SamplingConfig(temperature), seed, 300))


async def grown(pilot: Pilot[None], prompt: str, temperature: float = 0.8) -> None:
    """Wait until every checkpoint shows its expected text."""
    wanted = expected(prompt, temperature)
    await until(pilot, lambda: growth_list(pilot)._samples == wanted)


async def opened(pilot: Pilot[None]) -> None:
    await pilot.press("m")
    await until(pilot, lambda: models(pilot).model)
    await pilot.press("h")
    await until(pilot, lambda: isinstance(pilot.app.screen, GrowthScreen))


async def test_every_checkpoint_continues_the_prompt_and_can_be_used_in_prompt() -> None:
    save_checkpoints(1_000, 2_000, 3_000, 4_000)
    checkpoint_path("creature@2000").write_bytes(b"no checkpoint")
    app = app_at("library")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await opened(pilot)
        await grown(pilot, "abc")
        rows = [
            "    1,000       2.89  ",
            "    2,000          –  ",
            "    3,000       1.44  ",
            "    4,000       1.30  ",
        ]

        def lines(first: int, last: int) -> list[str]:
            return screen_text(app).replace("▌", " ").splitlines()[first:last]

        await until(pilot, lambda: [line[1:23] for line in lines(4, 8)] == rows)
        assert lines(1, 2)[0].strip() == "abc · seed 0 · temperature 0.8"
        assert "\x1b" not in screen_text(app)
        await until(
            pilot,
            lambda: "step 4,000 · 1.30 bits/char carried, on the held-out text" in screen_text(app),
        )
        first = next(iter(expected("abc")))
        await pilot.press("home")
        await until(
            pilot, lambda: "step 1,000 · 2.89 bits/char on the held-out" in screen_text(app)
        )
        assert "\x1b" not in str(app.screen.query_one("#text", Static).render())
        assert len(str(app.screen.query_one("#text", Static).render())) == 3 + len(first.text)

        await pilot.press("down", "enter")
        await until(pilot, lambda: "It is not a safetensors file" in notifications(app)[0])
        app.clear_notifications()  # which covers the settings

        await pilot.press("T")
        put(pilot, "hot")
        await pilot.press("enter")
        await until(pilot, lambda: "is not a number" in flat_text(app))
        put(pilot, "0,5")
        await pilot.press("enter")
        await grown(pilot, "abc", 0.5)

        await pilot.press("p")
        put(pilot, "[bold]é☃")
        await pilot.press("enter")
        await grown(pilot, "[bold]e", 0.5)
        await until(
            pilot, lambda: "[bold]é☃ · seed 0 · temperature 0.5 · é → e" in screen_text(app)
        )

        before = growth_list(pilot).sample
        await pilot.press("r")
        await until(
            pilot,
            lambda: len(growth_list(pilot)._samples) == 4 and growth_list(pilot).sample != before,
        )
        assert "seed 0" not in screen_text(app)
        await pilot.press("home", "enter")
        await until(
            pilot, lambda: "creature@1000" in screen_text(app) and app.current_mode == "prompt"
        )


async def test_a_model_with_one_checkpoint_has_a_note_and_new_ones_are_added() -> None:
    folder = write_run("creature", *course(900, None))
    save_checkpoints(900)
    with ExitStack() as working:
        working.enter_context(at_work(folder))
        app = app_at("train")
        async with app.run_test(size=SMALL, notifications=True) as pilot:
            await until(pilot, lambda: "● creature  training" in screen_text(app))
            await pilot.press("h")
            await until(pilot, lambda: "the only checkpoint so far" in flat_text(app))
            await grown(pilot, "abc")
            await until(pilot, lambda: film_view(pilot).complete)
            await pilot.press("space")
            await until(pilot, lambda: "A film needs two checkpoints" in notifications(app)[0])
            app.clear_notifications()
            save_checkpoints(1_200)
            events.record(folder, CheckpointSaved(1_200, "step-00001200.safetensors"))
            await grown(pilot, "abc")
            assert growth_list(pilot).steps == {900, 1_200}
            assert "the only checkpoint" not in flat_text(app)
            await pilot.press("escape")
            await until(pilot, lambda: app.screen.title == "Train")
            assert notifications(app) == []


async def test_a_phrase_is_found_in_all_texts_and_marked() -> None:
    save_checkpoints(100, 200, 300)
    async with app_at("library").run_test(size=SMALL) as pilot:
        await opened(pilot)
        growing = growth_list(pilot)
        await until(pilot, lambda: len(growing.samples) == 3)
        phrase = growing.lines()[1].split()[-1][-4:]
        await pilot.press("slash")
        await until(pilot, lambda: pilot.app.screen.query(SafeInput))
        pilot.app.screen.query_one(SafeInput).value = phrase
        await pilot.press("enter")
        await until(pilot, lambda: growing.phrase == phrase)
        text = pilot.app.screen.query_one("#text", Static)

        def marked() -> list[str]:
            content = text.content
            assert isinstance(content, Content)
            spans = [span for span in content.spans if span.style == "reverse"]
            return [content.plain[span.start : span.end] for span in spans]

        await until(pilot, marked)
        assert {part.lower() for part in marked()} == {phrase.lower()}
        assert phrase.lower() in growing.lines()[growing.current].lower()


def film_view(pilot: Pilot[None]) -> FilmView:
    return pilot.app.screen.query_one(FilmView)


def film_text(pilot: Pilot[None]) -> str:
    """Return the part of the film below its caption."""
    return re.split(r"bits/char \S+\n", str(film_view(pilot).render()))[-1]


async def test_space_plays_the_checkpoints_as_a_film(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    save_checkpoints(1_000, 2_000, 3_000, 4_000)
    checkpoint_path("creature@2000").write_bytes(b"no checkpoint")
    texts = {sample.step: "abc" + sanitize(sample.text) for sample in expected("abc")}
    app = app_at("library")
    async with app.run_test(size=LARGE, notifications=True) as pilot:

        def shows(step: int) -> bool:
            """Return whether the whole text of a checkpoint is shown."""
            return film_text(pilot).split() == texts[step].split() and (
                f" · step {step:,} · " in screen_text(app)
            )

        await opened(pilot)
        await grown(pilot, "abc")
        await until(pilot, lambda: film_view(pilot).complete)
        await pilot.press("space")
        await until(pilot, lambda: film_view(pilot).playing and "space pause" in screen_text(app))
        await until(pilot, lambda: "▌" in film_text(pilot) and "◉" in screen_text(app))
        await pilot.press("space")
        assert not film_view(pilot).playing
        await pilot.press("right")
        await until(pilot, lambda: shows(3_000) and "2 of 3" in screen_text(app))
        await pilot.press("left", "left")
        await until(pilot, lambda: shows(1_000))

        await pilot.press("space")
        while film_view(pilot).playing:
            film_view(pilot).advance()
        await until(pilot, lambda: shows(4_000) and "space play" in screen_text(app))
        await pilot.press("right")
        await until(pilot, lambda: shows(4_000))
        assert notifications(app) == []  # the end is quiet

        await pilot.press("space")  # again, from the start
        await until(pilot, lambda: "1 of 3 · step 1,000" in screen_text(app))
        await pilot.press("r")  # which rewrites all texts
        await until(pilot, lambda: "seed 0" not in screen_text(app) and film_view(pilot).complete)
        assert film_view(pilot).playing
        await pilot.press("right")
        film = film_view(pilot).film
        assert film

        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, SaveFileDialog))
        app.screen.query_one(OptionRow).focus()
        await pilot.press("right", "enter")
        path = tmp_path / "growth-creature.cast"
        await until(pilot, lambda: notifications(app) and path.exists())
        assert path.read_text("utf-8") == asciicast(film)

        shown = film_view(pilot).sample
        await pilot.press("escape")
        await until(pilot, lambda: app.focused and "bits/char         text" in screen_text(app))
        assert growth_list(pilot).sample == shown


async def test_a_film_without_animation_shows_whole_texts() -> None:
    save_checkpoints(1_000, 2_000)
    app = app_at("library")
    async with app.run_test(size=SMALL) as pilot:
        app.animation_level = "none"
        await opened(pilot)
        await until(pilot, lambda: film_view(pilot).complete)
        await pilot.press("space")
        film_view(pilot).advance()
        await pilot.pause()
        assert "▌" not in film_text(pilot)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
def test_look(snap_compare: Compare, size: tuple[int, int]) -> None:
    save_checkpoints(100, 300, 900, 2_000, 4_000)
    checkpoint_path("creature@900").write_bytes(b"no checkpoint")

    async def before(pilot: Pilot[None]) -> None:
        assert isinstance(pilot.app, CharloomApp)
        pilot.app.animation_level = "none"
        await opened(pilot)
        await grown(pilot, "abc")
        await pilot.press("up")
        await pilot.pause()

    assert snap_compare(app_at("library"), terminal_size=size, run_before=before)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
def test_look_of_the_film(snap_compare: Compare, size: tuple[int, int]) -> None:
    save_checkpoints(100, 300, 900, 2_000, 4_000)

    async def before(pilot: Pilot[None]) -> None:
        await opened(pilot)
        await until(pilot, lambda: film_view(pilot).complete)
        await pilot.press("space", "right", "right")
        for _ in range(29):  # into the text after it
            film_view(pilot).advance()
        await until(pilot, lambda: "4 of 5" in screen_text(app))

    app = app_at("library")
    assert snap_compare(app, terminal_size=size, run_before=before)
