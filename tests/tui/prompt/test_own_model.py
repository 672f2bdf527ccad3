"""Train on a pasted text or a dropped file, and compare the new model with the one in use."""

import shlex
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from typing import Any

import pytest
from textual.events import Paste
from textual.pilot import Pilot

from charloom.core.library.replay import replay
from charloom.core.runs import events
from charloom.core.runs.events import Finished
from charloom.core.runs.monitor import RunMonitor, RunStatus, is_training
from charloom.core.runs.run import read_run_config, read_training_corpus
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import model_names
from charloom.tui.app import CharloomApp
from charloom.tui.dialogs.basic import ChoiceDialog
from charloom.tui.prompt import own_model
from charloom.tui.services import preferences
from charloom.tui.services.preferences import Preferences
from charloom.tui.services.text_source import MIN_OFFERED_CHARACTERS, TextKind, TextSource
from tests.helpers.child_process import TEXT
from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.terminal import ESCAPE, READY, Terminal
from tests.tui.helpers.driving import SMALL, flat_text, notifications, screen_text, until
from tests.tui.helpers.run_folders import course, end
from tests.tui.prompt.helpers import (
    LONG,
    choose,
    composer,
    ended,
    kept,
    prompt_screen,
    ready,
    send,
    turns,
    written,
)

pytestmark = pytest.mark.usefixtures("model")

NAME = "pasted-text"


class Trainer:
    """Stands in for the trainer: reports what a test wants, and ends when the test says so."""

    def __init__(self) -> None:
        self.folder: ModelDir | None = None
        self._exit = ExitStack()

    def launch(self, folder: ModelDir, _resume: bool) -> "Popen[bytes]":
        self.folder = folder
        self._process = Popen(["cat"], stdin=PIPE, stdout=DEVNULL)  # until its input ends
        return self._process

    def report(self, *past: Any) -> None:
        assert self.folder
        for event in past:
            events.record(self.folder, event)

    def finish(self, *past: Any, seed: int = 1) -> None:
        """Save the model, report ``past`` and end."""
        assert self.folder
        save_model(self.folder.name, random_checkpoint(seed=seed, step=7))
        self.report(*past)
        self._process.communicate()


@pytest.fixture
def trainer(monkeypatch: pytest.MonkeyPatch) -> Trainer:
    stand_in = Trainer()
    monkeypatch.setattr("charloom.tui.services.run_manager.launch_trainer", stand_in.launch)
    return stand_in


async def paste(pilot: Pilot[None], text: str) -> None:
    """Paste ``text`` into the composer, and wait for the question."""
    pilot.app.post_message(Paste(text))
    await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceDialog))


async def train(pilot: Pilot[None], trainer: Trainer, text: str = TEXT) -> None:
    """Paste a text, and choose to train on it."""
    await paste(pilot, text)
    await pilot.press("enter")
    await until(pilot, lambda: f"{NAME} starting" in screen_text(pilot.app))  # type: ignore[arg-type]
    assert trainer.folder


async def test_a_long_paste_is_offered_for_training_and_esc_keeps_it_as_a_prompt() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        await paste(pilot, TEXT)
        assert "Train on the pasted text?" in flat_text(app)
        assert f"{len(TEXT):,} characters. It takes about a minute" in flat_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is prompt_screen(pilot))
        assert composer(pilot).text == TEXT and composer(pilot).has_focus
        assert NAME not in model_names()


async def test_the_new_model_continues_the_sentence_beside_the_one_in_use(
    trainer: Trainer,
) -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        composer(pilot).set_text("a draft")
        await train(pilot, trainer)
        assert composer(pilot).text == "a draft"
        folder = ModelDir.named(NAME)
        config = read_run_config(folder)
        assert (config.preset, config.overrides) == ("auto", {"minutes": 1.0})
        assert config.base and config.base.name == "english"
        assert str(read_training_corpus(folder, config).text) == TEXT

        trainer.report(*course(4_500)[:-1])
        await until(
            pilot,
            lambda: f"● {NAME} 50% · 2:21 left · write it a sentence" in screen_text(app),
        )
        await written(pilot, "the sea ")
        await until(pilot, lambda: "write it a sentence" not in screen_text(app))
        trainer.finish(end())
        await until(pilot, lambda: len(turns(pilot)) == 2)
        turn = turns(pilot)[1]
        await ended(pilot, turn)
        await until(
            pilot, lambda: f"1 · {NAME}" in flat_text(app) and "2 · weaver" in flat_text(app)
        )
        assert "50%" not in screen_text(app)
        assert not notifications(app)  # they would cover the names
    own, other = sorted(kept()[:2], key=lambda generation: generation.model)
    assert (own.model, other.model) == (NAME, "weaver")
    assert own.prompt == other.prompt == "the sea " and own.seed == other.seed
    assert own.text != other.text


async def test_without_a_sentence_both_models_continue_the_beginning_of_the_text(
    trainer: Trainer,
) -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        await train(pilot, trainer)
        trainer.finish(end())
        await until(pilot, lambda: turns(pilot))
        (turn,) = turns(pilot)
        await ended(pilot, turn)
        assert turn.request.raw_prompt == "abc"  # which random_checkpoint opens with
        await pilot.press("ctrl+r")  # again
        await until(pilot, lambda: len(turns(pilot)) == 2)
        await ended(pilot, turns(pilot)[1])
        names = [candidate.model_name for candidate in turns(pilot)[1].candidates]
        assert names == [NAME, "weaver"]


async def test_a_sentence_that_is_being_typed_comes_before_that_of_an_earlier_text(
    trainer: Trainer,
) -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        await written(pilot, "the sea ")
        await train(pilot, trainer)
        await until(pilot, lambda: "write it a sentence" in screen_text(app))
        await pilot.press(*"a loom")
        await until(pilot, lambda: composer(pilot).text == "a loom")
        trainer.finish(end())
        await until(pilot, lambda: len(turns(pilot)) == 2)
        await ended(pilot, turns(pilot)[1])
        assert turns(pilot)[1].request.raw_prompt == "a loom"


async def test_a_text_that_is_paused_is_not_interrupted(trainer: Trainer) -> None:
    choose(pace=20, length=LONG)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        await train(pilot, trainer)
        turn = await send(pilot, "the sea ")
        await pilot.press("shift+tab", "space")
        await until(pilot, lambda: turn.paused)
        trainer.finish(end())
        waiting = f"✓ {NAME} completed · waits for this text"
        await until(pilot, lambda: waiting in screen_text(app))
        assert turns(pilot) == [turn]
        await pilot.press("escape")
        await until(pilot, lambda: len(turns(pilot)) == 2)
        await until(pilot, lambda: waiting not in screen_text(app))
        await pilot.press("escape")
        await ended(pilot, turns(pilot)[1])


async def test_the_names_stay_in_view_when_the_texts_do_not_fit(trainer: Trainer) -> None:
    app = CharloomApp()
    async with app.run_test(size=(80, 11), notifications=True) as pilot:
        await ready(pilot)
        await train(pilot, trainer)
        await written(pilot, "the sea ")
        trainer.finish(end())
        await until(pilot, lambda: len(turns(pilot)) == 2)
        turn = turns(pilot)[1]
        await ended(pilot, turn)
        await until(pilot, lambda: turn.size.height > prompt_screen(pilot).transcript.size.height)
        await until(
            pilot,
            lambda: f"1 · {NAME}" in screen_text(app) and "more text has come" in screen_text(app),
        )
        await pilot.press("ctrl+end")
        await until(pilot, lambda: f"1 · {NAME}" not in screen_text(app))
        await pilot.press("ctrl+g")  # it grows, and its end is followed
        await until(pilot, lambda: len(turn.chosen.text) > 20 and turn.chosen.saved)
        await until(pilot, lambda: prompt_screen(pilot).transcript.following)


async def test_the_end_is_notified_on_another_screen(trainer: Trainer) -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        await train(pilot, trainer)
        await pilot.press("f5")
        await until(pilot, lambda: app.screen.title == "Settings")
        trainer.finish(end())
        await until(pilot, lambda: any(f"{NAME} is done" in note for note in notifications(app)))
        await until(pilot, lambda: turns(pilot))
        await ended(pilot, turns(pilot)[0])


async def test_a_first_minute_with_a_real_trainer(
    monkeypatch: pytest.MonkeyPatch, trainers: "list[Popen[bytes]]"
) -> None:
    monkeypatch.setattr(own_model, "_TRAINING", {"steps": 1})
    preferences.save(Preferences(pace=0, length=20))
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: "Welcome to Charloom." in screen_text(app))
        assert "Or paste or drop a text here" in flat_text(app)
        await until(pilot, lambda: composer(pilot).text == "You will rejoice to hear")
        await pilot.press("enter")
        await until(pilot, lambda: turns(pilot))
        await ended(pilot, turns(pilot)[0])
        await paste(pilot, TEXT)
        await pilot.press("enter")
        await until(pilot, lambda: f"{NAME} starting · write it a sentence" in screen_text(app))
        await pilot.press(*"The sea ", "enter")
        await until(pilot, lambda: len(turns(pilot)) == 2)
        await until(pilot, lambda: is_training(ModelDir.named(NAME)))
        await until(pilot, lambda: len(turns(pilot)) == 3)
        await ended(pilot, turns(pilot)[2])
        await until(
            pilot,
            lambda: f"1 · {NAME}" in flat_text(app) and "2 · frankenstein" in flat_text(app),
        )
        assert f"prompt {NAME}@best" in flat_text(app) and not notifications(app)
    (process,) = trainers
    assert process.wait() == 0
    run = RunMonitor(ModelDir.named(NAME))
    run.refresh()
    assert run.status is RunStatus.COMPLETED and run.progress and run.progress.step == 1
    assert run.started and run.started.base.startswith("english@")
    own, other = sorted(kept()[:2], key=lambda generation: generation.model != NAME)
    assert (own.model, other.model) == (NAME, "frankenstein")
    assert own.prompt == other.prompt == "The sea " and own.seed == other.seed
    assert replay(own).equal and replay(other).equal


async def test_a_run_that_fails_is_reported_where_its_progress_was(trainer: Trainer) -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        await train(pilot, trainer)
        trainer.finish(*course(100), Finished.failed("No memory is left."))
        await until(pilot, lambda: f"{NAME} failed: No memory is left." in flat_text(app))
        assert not turns(pilot)


@pytest.mark.parametrize(
    "pasted",
    [str, lambda path: f"'{path}'", lambda path: str(path).replace(" ", "\\ "), Path.as_uri],
    ids=["plain", "quoted", "escaped", "uri"],
)
async def test_a_dropped_file_is_offered(tmp_path: Path, pasted: Callable[[Path], str]) -> None:
    file = tmp_path / "my diary.txt"
    file.write_text(TEXT)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        await paste(pilot, pasted(file))
        assert "diary?" in flat_text(app) and f"{len(TEXT):,} characters" in flat_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is prompt_screen(pilot))
        assert composer(pilot).text == pasted(file)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"The sea was grey. " * 50, "diary has only 900 characters. A model needs 2,000"),
        (b"\x89PNG\r\n\x1a\n" + bytes(5_000), "image"),
    ],
    ids=["short", "picture"],
)
async def test_a_dropped_file_that_teaches_nothing_is_refused_in_a_sentence(
    tmp_path: Path, content: bytes, message: str
) -> None:
    file = tmp_path / "diary.txt"
    file.write_bytes(content)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        app.post_message(Paste(str(file)))
        await until(pilot, lambda: message in flat_text(app))
        assert app.screen is prompt_screen(pilot) and composer(pilot).text == str(file)


def test_short_texts_and_relative_paths_are_prompts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sea").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    for text in ("sea", "./sea", "/", "", "the sea", str(tmp_path / "nothing")):
        assert TextSource.from_paste(text) is None
    long = "x" * MIN_OFFERED_CHARACTERS
    assert TextSource.from_paste(long) == TextSource(TextKind.PASTED, long)
    assert TextSource.from_paste(long[1:]) is None
    several = " ".join(shlex.quote(str(path)) for path in (tmp_path / "sea", tmp_path))
    source = TextSource.from_paste(several)
    assert source and source.paths == [tmp_path / "sea", tmp_path]


def test_a_real_terminal_pastes_and_is_asked(home: Path) -> None:
    with Terminal(home=home) as terminal:
        terminal.wait_for(READY)
        terminal.press(f"\x1b[200~{TEXT}\x1b[201~")
        terminal.wait_for("Train on the pasted text?")
        terminal.press(ESCAPE)
        terminal.wait(lambda: "Train on" not in terminal.text)
        terminal.wait_for("spoke of the letter.")
        file = home.parent / "the sea.txt"
        file.write_text(TEXT)
        terminal.press(f"\x1b[200~{file.as_uri()}\x1b[201~")
        terminal.wait_for("Train on the sea?")
