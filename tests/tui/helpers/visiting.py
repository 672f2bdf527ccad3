"""Every screen and dialog of the app, one after another, in one session."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

from textual.pilot import Pilot

from charloom.core.model.metadata import CorpusInfo, Losses
from charloom.core.runs.run import read_run_config
from charloom.tui.app import CharloomApp
from charloom.tui.prompt.surprise_view import SurpriseView
from charloom.tui.services.preferences import Preferences, save
from tests.helpers.child_process import TEXT
from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.small_models import create
from tests.tui.helpers.driving import screen_text, until
from tests.tui.helpers.run_folders import at_work, course, end, write_run
from tests.tui.library.helpers import models
from tests.tui.prompt.helpers import ready, written


@contextmanager
def furnished_home() -> Iterator[None]:
    """Have a model with its training text, a live run and a completed one."""
    corpus = CorpusInfo("sea", read_run_config(create("weaver")).sha256, len(TEXT), TEXT[:20])
    for step in (100, 200):
        checkpoint = random_checkpoint(TEXT, corpus=corpus, step=step, losses=Losses(validation=2))
        save_model("weaver", checkpoint)
    write_run("ulysses", *course(1_500), end("stopped"))
    save(Preferences(model="weaver", welcomed=True, length=300, seed=3, pace=0))
    with at_work(write_run("creature", *course())):
        yield


async def visit(pilot: Pilot[None]) -> AsyncIterator[str]:
    """Open each screen, and yield its name while it is open."""
    app = pilot.app
    assert isinstance(app, CharloomApp)

    async def press(keys: str, holds: str | Callable[[], object]) -> None:
        await pilot.press(*keys.split())
        await until(pilot, (lambda: holds in screen_text(app)) if isinstance(holds, str) else holds)

    async def leave() -> None:
        before = app.screen
        await press("escape", lambda: app.screen is not before)

    screen = await ready(pilot)
    yield "Prompt, empty"
    await written(pilot, "the sea ")
    yield "Prompt, a text"
    await press("shift+tab", lambda: screen.focused is screen.transcript.current)
    yield "Prompt, a focused text"
    await press("v", "on average")
    yield "Prompt, surprise"
    await press("escape", lambda: not screen.query(SurpriseView))
    for key, name in (("ctrl+o", "Model picker"), ("f1", "Help")):
        await press(key, lambda: app.screen is not screen)
        yield name
        await leave()

    await press("f3", "validation")
    yield "Train"
    for key, name in (("L", "Learning rate"), ("ctrl+q", "Quit"), ("l", "Chart")):
        train = app.screen
        await press(key, lambda: app.screen is not train)  # noqa: B023
        yield name
        await leave()
    await press("a", "Loom")
    yield "New run, choosing a text"
    await press("enter", "auto")
    yield "New run, planning"
    await pilot.press("escape")  # back to the texts, or to the runs
    await pilot.pause()
    await press("escape", "validation")

    await press("f4", "the sea")
    yield "Library, texts"
    for key, name in (("e", "Note"), ("number_sign", "Tags"), ("x", "Export")):
        library = app.screen
        await press(key, lambda: app.screen is not library)  # noqa: B023
        yield name
        await leave()
    await press("m", "weaver")
    while (model := models(pilot).model) is None or model.name != "weaver":
        await pilot.press("down")
    yield "Library, models"
    for key, text, name in (
        ("i", "Surprise: ", "Inspector"),
        ("h", "bits", "Growth"),
        ("b", "score", "Compare"),
    ):
        await press(key, text)
        yield name
        if name == "Inspector":
            await press("v", "forget gate")
            yield "Inspector, units"
        await leave()

    await press("f5", "Sampling")
    yield "Settings"
    await press("ctrl+r", "defaults?")
    yield "Reset"
    await leave()
    await press("f6", "Load text")
    yield "Tour, first stage"
    await press("w", "Known")
    yield "Text picker"
    await leave()
