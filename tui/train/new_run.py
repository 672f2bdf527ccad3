"""The New run screen: choose a text, check it, choose settings and start training."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import ClassVar

from textual import on, work
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Static, TabbedContent

from charloom.core.data.corpus import Corpus, ReadOptions
from charloom.core.data.joining import Progress
from charloom.core.data.statistics import TextStatistics, analyze_text
from charloom.core.errors import Cancelled, CharloomError, SettingError
from charloom.core.runs.estimates import cached_throughput, estimate_presets
from charloom.core.runs.run import create_run
from charloom.tui.formatting.content import safe_content
from charloom.tui.services.app_services import AppServices
from charloom.tui.services.background import run_in_background
from charloom.tui.services.text_source import TextSource
from charloom.tui.train.preset_list import PresetList
from charloom.tui.train.run_form import RunForm, RunRequest
from charloom.tui.widgets.action_bar import ActionBar, key_hints
from charloom.tui.widgets.base_screen import BaseScreen
from charloom.tui.widgets.keys import key_binding
from charloom.tui.widgets.text_chooser import TextChooser

_PROGRESS_SECONDS = 0.2  # between updates during a download


class NewRunScreen(BaseScreen):
    """The text chooser and the form. ``on_started`` is called with the name of the new run.

    A ``source`` is read at once.
    """

    TITLE = "New run"
    CSS_PATH = "new_run.tcss"
    HELP = (
        "Choose a text from the catalog, a file or a recent text, or paste one. Issues of the "
        "text are shown before training. `auto` chooses settings for the text, this machine and "
        "the duration; the other presets are fixed."
    )
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (140, "-wide")]  # noqa: RUF012 - as in Screen
    BINDINGS: ClassVar[list[BindingType]] = [
        key_binding("new_run.start", "Start", "Start training with these settings", keys="ctrl+s"),
        key_binding("new_run.choose", "Another text", "Choose another text", keys="ctrl+o"),
        key_binding("new_run.back", "Back", "Cancel reading, or go back", keys="escape"),
    ]

    def __init__(
        self,
        services: AppServices,
        on_started: Callable[[str], None],
        source: TextSource | None = None,
    ) -> None:
        super().__init__(services)
        self._on_started = on_started
        self._source = source
        self._corpus: Corpus | None = None

    def body(self) -> Iterator:  # type: ignore[type-arg]
        with Horizontal(id="pages"):
            yield TextChooser(self.services.preferences.recent_texts)
            yield RunForm()
        yield Static("", id="status", markup=False)
        yield ActionBar()

    def on_mount(self) -> None:
        self._show_page("choosing")
        if self._source:
            self._read(self._source)

    @on(TextChooser.Chosen)
    def read_chosen(self, event: TextChooser.Chosen) -> None:
        if event.source != self._source:
            self.query_one(RunForm).forget_records()
        self._read(event.source)

    @on(TabbedContent.TabActivated)
    def clear_error(self) -> None:
        """Drop the error of another tab."""
        if not self._is_running("reading"):
            self._show_message("")

    @on(RunForm.ReloadRequested)
    def reload(self) -> None:
        if self._source:
            self._read(self._source)

    @on(RunForm.StartRequested)
    def action_start(self) -> None:
        if self._is_running("creating"):
            return
        if self._source:
            self._start(self._source)
        else:
            self.action_choose()
            self._show_message("Choose a text first.", "$text-error")

    def action_choose(self) -> None:
        self._show_page("choosing")
        self.query_one(TextChooser).focus_inside()

    def action_back(self) -> None:
        """Cancel reading, or go back to the text chooser, or close the screen."""
        if self._is_running("creating"):
            return
        if self._is_running("reading"):
            self.workers.cancel_group(self, "reading")
            self._show_message("")
        elif self.has_class("planning") and not self.has_class("-wide"):
            self.action_choose()
        else:
            self.dismiss()

    @work(exclusive=True, group="reading")
    async def _read(self, source: TextSource) -> None:
        """Load a text and show the form."""
        if await self._load(source):
            self._show_page("planning")
            if self.focused is None or self.query_one(TextChooser).has_focus_within:
                self.query_one(RunForm).scroll_home(animate=False)
                self.query_one(PresetList).focus(scroll_visible=False)

    @work(exclusive=True, group="reading")
    async def _start(self, source: TextSource) -> None:
        """Start the run; load the text first if needed."""
        form = self.query_one(RunForm)
        self._show_page("planning")
        if (self._corpus is None or form.needs_reload) and not await self._load(source):
            return
        assert self._corpus is not None
        try:
            self._create_run(source, self._corpus, form.request())
        except CharloomError as error:
            self._show_message(str(error), "$text-error")

    @work(group="creating")  # never cancelled: the folder would remain
    async def _create_run(self, source: TextSource, corpus: Corpus, request: RunRequest) -> None:
        """Create and start the run; on errors the form stays open."""
        try:
            name = await self.services.start_run(
                source, lambda: create_run(request.name, corpus, *request[1:])
            )
        except CharloomError as error:
            self._show_message(str(error), "$text-error")
            return
        self.dismiss()
        self._on_started(name)

    async def _load(self, source: TextSource) -> bool:
        """Load and show a text. Show the error and return False if that fails."""
        form, cancelled = self.query_one(RunForm), threading.Event()
        read_options = form.read_options
        reported = time.monotonic()

        def show(message: Callable[[], str]) -> None:
            nonlocal reported
            if cancelled.is_set():
                raise Cancelled("Reading was cancelled.")
            if time.monotonic() - reported > _PROGRESS_SECONDS:
                reported = time.monotonic()
                self.call_later(self._show_message, message())

        def report_download(done: int, total: int) -> None:
            of_total = f" of {total / 1e6:.2f}" if total else ""
            show(lambda: f"Downloading: {done / 1e6:.2f}{of_total} MB …")

        def report_reading(done: int, total: int) -> None:
            show(lambda: f"Reading {source.label}: {done / max(1, total):.0%} …")

        self._source, self._corpus = source, None
        self._show_message(f"Reading {source.label} …")
        try:
            corpus, statistics, seconds = await run_in_background(
                lambda: _load_text(source, report_download, report_reading, read_options)
            )
        except CharloomError as error:
            self._show_message(str(error), "$text-error")
            if isinstance(error, SettingError) and error.field in ("encoding", "column"):
                self._show_page("planning")
                form.show_unreadable(source.label, error)
            return False
        finally:
            cancelled.set()
        self._corpus = corpus
        self._show_message("")
        form.show_text(corpus, statistics, read_options, seconds)
        self.query_one(TextChooser).update_catalog()
        return True

    def _is_running(self, group: str) -> bool:
        return any(worker.group == group and worker.is_running for worker in self.workers)

    def _show_page(self, page: str) -> None:
        """Show ``choosing`` or ``planning``; wide screens show both."""
        self.set_class(page == "choosing", "choosing")
        self.set_class(page == "planning", "planning")
        if page == "planning":
            self.query_one(ActionBar).update_hints(key_hints(self))
        else:
            keys = [("enter", "choose", ""), ("←→", "switch tab", "")]
            back = key_hints(self, start="", choose="")
            self.query_one(ActionBar).update_hints([*keys, *back])

    def _show_message(self, message: str, style: str = "$text-muted") -> None:
        self.query_one("#status", Static).update(safe_content(message, style))


def _load_text(
    source: TextSource, on_progress: Progress, on_read: Progress, options: ReadOptions
) -> tuple[Corpus, TextStatistics, dict[str, float]]:
    """Return a text, its statistics, and the estimated seconds of each preset, where known."""
    corpus = source.open(on_progress, on_read, **options)
    statistics = analyze_text(corpus)
    estimates = estimate_presets(
        statistics.characters, statistics.distinct, cached_throughput() or {}
    )
    return corpus, statistics, {name: seconds for name, seconds, _ in estimates}
