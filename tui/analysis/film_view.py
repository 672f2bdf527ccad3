"""Plays the growth of a model: the curve with a mark, and below it a text that rewrites itself."""

from collections.abc import Iterator

from textual.containers import VerticalGroup, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static

from charloom.core.analysis.checkpoint_samples import CheckpointSample
from charloom.tui.charts.film import FRAMES_PER_SECOND, Film, Moment, frame_of
from charloom.tui.charts.loss_chart import LossChart
from charloom.tui.formatting.content import safe_content
from charloom.tui.widgets.untrusted_text import UntrustedText

_STYLES = {"prompt": "bold $primary", "text": "", "old": "$text-disabled", "caret": "$accent"}
_MAX_ROWS = 1_000


class FilmView(VerticalGroup):
    """Shows a film, which may still get samples until it is ``complete``."""

    class Changed(Message):
        """The film has been started or paused."""

    def __init__(self) -> None:
        super().__init__()
        self.film: Film | None = None
        self.complete = False
        self.playing = False
        self._frame = 0
        self._timer: Timer | None = None

    def compose(self) -> Iterator:  # type: ignore[type-arg]
        yield LossChart()
        yield Static("", id="caption", markup=False)
        with VerticalScroll(can_focus=False):
            yield UntrustedText(id="film-text")

    def on_mount(self) -> None:
        self._timer = self.set_interval(1 / FRAMES_PER_SECOND, self.advance, pause=True)

    def on_resize(self) -> None:
        self._draw()

    @property
    def sample(self) -> CheckpointSample | None:
        """The sample that is shown."""
        return self.film.samples[self.film.at(self._frame).sample] if self.film else None

    def set_film(self, film: Film | None) -> None:
        """Show another version of the film, or none: then the next one begins at its start."""
        self.film = film
        if film is None:
            self._frame = 0
        self._draw()

    def seek(self, sample: int) -> None:
        """Go to the beginning of a sample."""
        self._frame = round(frame_of(Moment(sample, 0)))
        self._draw()

    def step(self, count: int) -> None:
        """Pause, and show the whole text of a later (+) or earlier (-) sample."""
        self.play(on=False)
        if self.film:
            sample = self.film.at(self._frame).sample + count
            sample = min(max(sample, 0), len(self.film.samples) - 1)
            self._frame = round(frame_of(Moment(sample, 1)))
            self._draw()

    def play(self, *, on: bool) -> None:
        """Play or pause; a film that is over begins again."""
        if on and self.complete and self._is_over:
            self._frame = 0
        self.playing = on
        if self._timer:
            (self._timer.resume if on else self._timer.pause)()
        self.post_message(self.Changed())

    def advance(self) -> None:
        """Show the next frame; pause at the end, or wait there for more."""
        if not self._is_over:
            self._frame += 1
            if self.film and self.app.animation_level == "none":  # nothing is rewritten
                moment = self.film.at(self._frame)
                self._frame = max(self._frame, round(frame_of(moment._replace(written=1))))
            self._draw()
        elif self.complete:
            self.play(on=False)

    @property
    def _is_over(self) -> bool:
        film = self.film
        return film is None or film.at(self._frame) == (len(film.samples) - 1, 1)

    def _draw(self) -> None:
        film, text = self.film, self.query_one(UntrustedText)
        if film is None:
            text.set_text(Content(""), "")
            return
        moment = film.at(self._frame)
        chart = self.query_one(LossChart)
        chart.set_data(film.data)
        chart.set_mark(film.step(moment))
        self.query_one("#caption", Static).update(safe_content(film.caption(moment.sample)))
        rows = film.spans(moment, max(1, text.content_size.width), _MAX_ROWS)
        lines = (Content.assemble(*((part, _STYLES[role]) for part, role in row)) for row in rows)
        content = Content("\n").join(lines)
        text.set_text(content, content.plain)
        if moment.written < 1:
            scroll = self.query_one(VerticalScroll)
            caret = next(number for number, row in enumerate(rows) if row[-1][1] == "caret")
            scroll.scroll_to(y=max(0, caret + 1 - scroll.size.height), animate=False)
