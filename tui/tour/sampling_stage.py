"""Stage 10 of the tour: what the network predicts next, and how characters are drawn from it."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.sampler import Sampler, distribution
from charloom.tui.formatting.graphemes import truncate
from charloom.tui.tour.subject import TourSubject
from charloom.tui.tour.text_layout import (
    COLUMNS,
    table,
    visible_char,
    visible_chars,
    wrap,
)
from charloom.tui.tour.text_stages import prose_start

_BARS = 8  # characters that have a bar
_BAR_COLUMNS = 16
_OTHER_TEMPERATURE = 0.5  # compared with temperature 1, if that is the user's own
_DEFAULT_TOP_K = 5  # if the user has none
_TEXT_CHARACTERS = 52
_SEEDS = (1, 2, 3)
_MAX_PROMPT_CHARACTERS = 32
_EIGHTHS = " ▏▎▍▌▋▊▉"


class SamplingStage:
    """A prompt and the next character at three settings: as predicted, at a temperature, cut."""

    def __init__(self, subject: TourSubject, user_config: SamplingConfig) -> None:
        is_one = user_config.temperature == 1
        warm = SamplingConfig(_OTHER_TEMPERATURE if is_one else user_config.temperature)
        self._config = replace(warm, top_k=user_config.top_k or _DEFAULT_TOP_K)
        configs = {
            "temperature 1": SamplingConfig(1.0),
            f"temperature {warm.temperature:g}": warm,
            f"and top-k {self._config.top_k}": self._config,
        }
        start = prose_start(subject)
        length = min(subject.train_config.window, _MAX_PROMPT_CHARACTERS)
        prompt = subject.known_text[start : start + length]
        self._prompt = prompt[: prompt.rfind(" ") + 1] or prompt  # whole words
        self.network = NumpyLSTM(subject.checkpoint)
        ids = self.network.vocab.encode(self._prompt)
        self.logits = self.network.logits(ids[None], self.network.start())[0, -1]
        self.distributions = {
            name: distribution(self.logits, config) for name, config in configs.items()
        }

    @property
    def likeliest(self) -> NDArray[np.int64]:
        """The ids with the largest logits, the largest first."""
        return np.argsort(-self.logits, kind="stable")[:_BARS]

    def lines(self) -> list[str]:
        """Return a table of bars, and some texts that are drawn."""
        distributions = self.distributions.values()
        rows = [("", *self.distributions)]
        for id_ in self.likeliest:
            bars = (_bar(float(p[id_])) for p in distributions)
            rows.append((visible_char(self.network.vocab.ix2c[int(id_)]), *bars))
        if len(self.network.vocab) > _BARS:
            others = (max(0.0, 1 - float(p[self.likeliest].sum())) for p in distributions)
            rows.append(("…", *map(_bar, others)))
        return [
            *wrap(f"The network has read “{visible_chars(self._prompt)}”. What comes next?"),
            "",
            *table("<<<<", rows),
            "",
            *wrap(
                "Three texts, drawn with the settings of the last column. The network reads each "
                "character that is drawn, and then predicts new bars:"
            ),
            "",
            *(f"seed {seed}   {self._draw(seed)}" for seed in _SEEDS),
        ]

    def _draw(self, seed: int) -> str:
        sampler = Sampler(self.network, self._prompt, self._config, seed)
        text = "".join(next(sampler).character for _ in range(_TEXT_CHARACTERS))
        return truncate(visible_chars(text), COLUMNS - 9)


def _bar(share: float) -> str:
    whole, eighths = divmod(round(share * _BAR_COLUMNS * 8), 8)
    bar = "█" * whole + _EIGHTHS[eighths].strip()
    return f"{share:5.1%}".rjust(6) + f" {bar:<{_BAR_COLUMNS}}" if share else "     –"
