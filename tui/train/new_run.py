"""A new run: choose a text, see what is in it, choose how to train on it, and start."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Static

from charloom.core.data.corpus import Corpus, ReadOptions
from charloom.core.data.statistics import TextStatistics, analyze_text
from charloom.core.errors import CharloomError
from charloom.core.runs.estimates import cached_throughput, estimate_presets
from charloom.core.runs.run import create_run
from charloom.tui.formatting.content import in_the_app, safe_content
from charloom.tui.services.app_services import AppServices
from charloom.tui.services.background import run_in_background
from charloom.tui.services.text_source import TextSource
from charloom.tui.train.run_form import PresetList, RunForm, RunRequest
from charloom.tui.widgets.action_bar import ActionBar
from charloom.tui.widgets.base_screen import BaseScreen
from charloom.tui.widgets.text_chooser import TextChooser

_TELL_SECONDS = 0.2  # between two words on a download


class _DownloadCancelledError(Exception):
    """Nobody waits for the download any more."""


class NewRunScreen(BaseScreen):
    """The form. ``started`` is told the name of the run that it was filled in for."""

    TITLE = "New run"
    CSS_PATH = "new_run.tcss"
    HELP = (
        "Choose a text: one that is known by name, a file, one of late, or paste one. What is "
        "found in it is told before anything is trained. `auto` picks settings for the text, "
        "this machine and the minutes; the other presets are fixed."
    )
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (140, "-wide")]  # noqa: RUF012 - as in Screen
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "start", "Start training", show=False, tooltip="Train as chosen"),
        Binding("ctrl+o", "choose", "Another text", show=False, tooltip="Choose what to train on"),
        Binding("escape", "back", "Back", show=False, tooltip="Give up a download, or go back"),
    ]

    def __init__(self, services: AppServices, started: Callable[[str], None]) -> None:
        super().__init__(services)
        self._started = started
        self._source: TextSource | None = None
        self._corpus: Corpus | None = None

    def body(self) -> Iterator:  # type: ignore[type-arg]
        """Lay out the choice of a text beside the form; narrow, one at a time."""
        with Horizontal(id="pages"):
            yield TextChooser(self.services.preferences.recent_texts)
            yield RunForm()
        yield Static("", id="status", markup=False)
        yield ActionBar()

    def on_mount(self) -> None:
        """Begin with the choice of a text."""
        self._turn_to("choosing")

    @on(TextChooser.Chosen)
    def read_chosen(self, event: TextChooser.Chosen) -> None:
        """Read a text that was chosen."""
        self._read(event.source)

    @on(RunForm.ReadAgain)
    def read_again(self) -> None:
        """Read the text in another way."""
        if self._source:
            self._read(self._source)

    @on(RunForm.Wanted)
    def action_start(self) -> None:
        """Start what the form says."""
        if self._at_work("making"):
            return
        if self._source:
            self._start(self._source)
        else:
            self.action_choose()
            self._say("Choose a text first.", "$text-error")

    def action_choose(self) -> None:
        """Choose another text."""
        self._turn_to("choosing")
        self.query_one(TextChooser).focus_inside()

    def action_back(self) -> None:
        """Give up what is being read; else go back to the choice of a text, and from there away."""
        if self._at_work("making"):
            return
        if self._at_work("reading"):
            self.workers.cancel_group(self, "reading")
            self._say("")
        elif self.has_class("planning") and not self.has_class("-wide"):
            self.action_choose()
        else:
            self.dismiss()

    @work(exclusive=True, group="reading")
    async def _read(self, source: TextSource) -> None:
        """Read a text and go on to the form."""
        if await self._opened(source):
            self._turn_to("planning")
            if self.focused is None or self.query_one(TextChooser).has_focus_within:
                self.query_one(RunForm).scroll_home(animate=False)
                self.query_one(PresetList).focus()

    @work(exclusive=True, group="reading")
    async def _start(self, source: TextSource) -> None:
        """Start the run, after reading the text if that has not been done as it is wanted now."""
        form = self.query_one(RunForm)
        self._turn_to("planning")
        if (self._corpus is None or form.read_otherwise) and not await self._opened(source):
            return
        assert self._corpus is not None
        try:
            self._make(source, self._corpus, form.choice())
        except CharloomError as error:
            self._say(in_the_app(str(error)), "$text-error")

    @work(group="making")  # which nothing cancels: a folder would be left
    async def _make(self, source: TextSource, corpus: Corpus, choice: RunRequest) -> None:
        """Make the run and start it; whatever prevents that is told, and the form stays."""
        name, preset, chosen, min_count = choice
        try:
            folder = await asyncio.to_thread(create_run, name, corpus, preset, chosen, min_count)
            self.services.runs.start(folder)
        except CharloomError as error:
            self._say(in_the_app(str(error)), "$text-error")
            return
        if source.recent_entry:
            self.services.remember(
                recent_texts=self.services.preferences.with_recent_text(source.recent_entry)
            )
        self.dismiss()
        self._started(name)

    async def _opened(self, source: TextSource) -> bool:
        """Open a text and show what is in it; tell why, if that is impossible."""
        form, given_up = self.query_one(RunForm), threading.Event()
        reading = form.reading
        told = time.monotonic()

        def report(done: int, total: int) -> None:
            nonlocal told
            if given_up.is_set():
                raise _DownloadCancelledError
            if time.monotonic() - told > _TELL_SECONDS:
                told = time.monotonic()
                share = f" of {total / 1e6:.2f}" if total else ""
                self.call_later(self._say, f"Downloading: {done / 1e6:.2f}{share} MB …")

        self._source, self._corpus = source, None
        self._say(f"Reading {source.label} …")
        try:
            corpus, found, seconds = await run_in_background(lambda: _look(source, report, reading))
        except CharloomError as error:
            self._say(in_the_app(str(error)), "$text-error")
            return False
        finally:
            given_up.set()
        self._corpus = corpus
        self._say("")
        form.show_text(corpus, found, reading, seconds)
        self.query_one(TextChooser).update_catalog()
        return True

    def _at_work(self, group: str) -> bool:
        """Whether something of that kind is being done."""
        return any(each.group == group and each.is_running for each in self.workers)

    def _turn_to(self, page: str) -> None:
        """Show the page, ``choosing`` or ``planning``, where there is room for one alone."""
        self.set_class(page == "choosing", "choosing")
        self.set_class(page == "planning", "planning")
        start = ("^s", "start", "screen.start")
        other = ("^o", "another text", "screen.choose")
        back = ("esc", "back", "screen.back")
        self.query_one(ActionBar).update_hints(
            [start, other, back]
            if page == "planning"
            else [("enter", "choose", ""), ("←→", "other texts", ""), back]
        )

    def _say(self, sentence: str, style: str = "$text-muted") -> None:
        self.query_one("#status", Static).update(safe_content(sentence, style))


def _look(
    source: TextSource, report: Callable[[int, int], None], reading: ReadOptions
) -> tuple[Corpus, TextStatistics, dict[str, float]]:
    """Return a text, what is in it, and for how long each preset would train, where known."""
    corpus = source.open(report, **reading)
    known = estimate_presets(len(corpus.text), cached_throughput() or {})
    return corpus, analyze_text(corpus), {name: seconds for name, seconds, _ in known}
