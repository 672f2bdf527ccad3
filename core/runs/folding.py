"""Folding: the rare characters of a text share one entry where V outweighs the LSTM."""

from typing import NamedTuple

from charloom.core.config import ModelConfig
from charloom.core.data.text_file import CharacterCounts
from charloom.core.data.vocab import fitting_min_count
from charloom.core.runs.presets import PRESETS, head_cost, lstm_cost, max_hidden_size

_MIN_COVERAGE = 0.95  # with less, the model would often write the placeholder


class Folding(NamedTuple):
    """The smallest ``min_count`` that makes outputs cost no more than the LSTM.

    It folds so many ``characters`` of the vocabulary, which are that ``share`` of the text.
    """

    min_count: int
    characters: int
    share: float

    def __str__(self) -> str:
        return (
            f"auto folds {self.characters:,} rare characters, {self.share:.1%} of the text, into "
            f"one (fold {self.min_count}); fold 1 keeps all."
        )


def suggest_folding(counts: CharacterCounts, hidden: int | None = None) -> Folding | None:
    """Return the folding of a text for layers of H ``hidden`` units; None if it needs none.

    Without ``hidden``, H is that of ``medium``, or less for a short text. None also if over 5 % of
    the text would be folded.
    """
    total = int(counts.counts.sum())
    medium, _ = PRESETS["medium"].configs(1, {})
    hidden = hidden or min(medium.hidden_size, max_hidden_size(total))
    limit = lstm_cost(ModelConfig(1, embedding_dim=min(64, hidden), hidden_size=hidden))
    low, high = 1, len(counts.points)
    while low < high:  # the largest V whose outputs cost at most the limit
        middle = (low + high + 1) // 2
        low, high = (middle, high) if head_cost(middle, hidden) <= limit else (low, middle - 1)
    min_count, _ = fitting_min_count(counts.counts.tolist(), low)
    folded = counts.counts[counts.counts < min_count]
    share = float(folded.sum()) / max(1, total)
    if not folded.size or share > 1 - _MIN_COVERAGE:
        return None
    return Folding(min_count, len(folded), share)
