"""Plays the growth of a model: the curve with a mark, and below it a text that rewrites itself."""

from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static

from charloom.core.analysis.checkpoint_samples import CheckpointSample
from charloom.tui.charts.film import FRAMES_PER_SECOND, STYLES, Film, Moment, frame_of


class FilmView(Static):
    """Shows a film, which may still get samples until it is ``complete``."""

    class Changed(Message):
        """The film has been started or paused."""

    def __init__(self) -> None:
        super().__init__(markup=False)
        self.film: Film | None = None
        self.complete = self.playing = False
        self._frame = 0
        self._timer: Timer | None = None

    def on_mount(self) -> None:
        self._timer = self.set_interval(1 / FRAMES_PER_SECOND, self.advance, pause=True)

    def on_resize(self) -> None:
        self._draw()

    @property
    def sample(self) -> CheckpointSample | None:
        """The sample that is shown."""
        return self.film.samples[self.film.at(self._frame).sample] if self.film else None

    @property
    def is_too_short(self) -> bool:
        """Whether there are too few texts for a film, and no more to come."""
        return self.complete and (self.film is None or len(self.film.samples) < 2)

    def set_film(self, film: Film | None) -> None:
        """Show another version of the film, or none: then the next one begins at its start."""
        self.film = film if film and film.samples else None
        if film is None:
            self._frame = 0
        self._draw()

    def seek(self, moment: Moment) -> None:
        """Go to a moment; of a sample outside the film, to the nearest."""
        last = len(self.film.samples) - 1 if self.film else 0
        moment = moment._replace(sample=min(max(moment.sample, 0), last))
        self._frame = round(frame_of(moment))
        self._draw()

    def step(self, count: int) -> None:
        """Pause, and show the whole text of a later (+) or earlier (-) sample."""
        self.play(on=False)
        if self.film:
            self.seek(Moment(self.film.at(self._frame).sample + count, 1))

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
        if self.film and not self._is_over:
            self._frame += 1
            if self.app.animation_level == "none":  # nothing is rewritten
                whole = self.film.at(self._frame)._replace(written=1)
                self._frame = max(self._frame, round(frame_of(whole)))
            self._draw()
        elif self.complete:
            self.play(on=False)

    @property
    def _is_over(self) -> bool:
        film = self.film
        return film is None or film.at(self._frame) == (len(film.samples) - 1, 1)

    def _draw(self) -> None:
        width, height = self.content_size
        if self.film and width and height:
            rows = self.film.screen(self.film.at(self._frame), width, height)
            lines = (
                Content.assemble(*((text, STYLES[role]) for text, role in row)) for row in rows
            )
            self.update(Content("\n").join(lines))
        else:
            self.update("")
