"""Station 10 of the tour: what the network predicts next, and what is left to be drawn from."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.sampler import Sampler, distribution
from charloom.tui.tour.subject import TourSubject
from charloom.tui.tour.text_layout import (
    COLUMNS,
    pad,
    table,
    truncate,
    visible_char,
    visible_chars,
    wrap,
)
from charloom.tui.tour.text_stages import prose_start

_BARS = 8  # characters that have one
_LONGEST = 16  # columns
_OTHER = 0.5  # the temperature to compare with, for whoever writes at 1
_CUT = 5  # top-k, for whoever does not cut
_DRAWN = 52  # characters
_SEEDS = (1, 2, 3)
_PROMPT = 32
_EIGHTHS = " ▏▎▍▌▋▊▉"


class SamplingStage:
    """A prompt, and what comes after it at three settings: as predicted, at a temperature, cut."""

    def __init__(self, subject: TourSubject, chosen: SamplingConfig) -> None:
        warm = SamplingConfig(_OTHER if chosen.temperature == 1 else chosen.temperature)
        self.settings = {
            "temperature 1": SamplingConfig(1.0),
            f"temperature {warm.temperature:g}": warm,
            f"and top-k {chosen.top_k or _CUT}": replace(warm, top_k=chosen.top_k or _CUT),
        }
        start = prose_start(subject)
        length = min(subject.training.window, _PROMPT)
        self.prompt = _whole_words(subject.known[start : start + length])
        self.model = NumpyLSTM(subject.checkpoint)
        ids = self.model.vocab.encode(self.prompt)
        self.logits = self.model.logits(ids[None], self.model.start())[0, -1]
        self.distributions = {
            name: distribution(self.logits, each) for name, each in self.settings.items()
        }
        self.chosen = list(self.settings.values())[-1]

    @property
    def likeliest(self) -> NDArray[np.int64]:
        """The ids with the largest logits, the largest first; of equals the lowest id."""
        return np.argsort(-self.logits, kind="stable")[:_BARS]

    def lines(self) -> list[str]:
        """Return the bars, and some texts that are drawn."""
        rows = [("", *self.settings)]
        for each in self.likeliest:
            bars = (_bar(float(p[each])) for p in self.distributions.values())
            rows.append((visible_char(self.model.vocab.ix2c[int(each)]), *bars))
        others = (1 - float(p[self.likeliest].sum()) for p in self.distributions.values())
        if len(self.model.vocab) > _BARS:
            rows.append(("…", *(_bar(max(0.0, other)) for other in others)))
        return [
            *wrap(f"The network has read “{visible_chars(self.prompt)}”. What comes next?"),
            "",
            *table("<<<<", rows),
            "",
            *wrap(
                "Three texts, drawn with the settings of the last column. Each character that is "
                "drawn is read in turn, and then there are new bars:"
            ),
            "",
            *(f"seed {seed}   {self._drawn(seed)}" for seed in _SEEDS),
        ]

    def _drawn(self, seed: int) -> str:
        stream = Sampler(self.model, self.prompt, self.chosen, seed)
        text = "".join(next(stream).character for _ in range(_DRAWN))
        return truncate(visible_chars(text), COLUMNS - 9)


def _whole_words(text: str) -> str:
    """Return the beginning of ``text`` up to its last space: what begins then is less certain."""
    return text[: text.rfind(" ") + 1] or text


def _bar(share: float) -> str:
    whole, eighths = divmod(round(share * _LONGEST * 8), 8)
    bar = "█" * whole + _EIGHTHS[eighths].strip()
    return f"{share:5.1%}".rjust(6) + " " + pad(bar, _LONGEST) if share else "     –"
