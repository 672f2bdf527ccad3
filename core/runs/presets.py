"""Ready-made settings, and those chosen for a text, a machine and a time.

The figures come from the experiments of ``tests/bench/sweep.py``; their table stands beside it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from charloom.core.config import ModelConfig, TrainConfig
from charloom.core.errors import CharloomError

BOUNDS = ("minutes", "epochs", "steps")
DEFAULT_MINUTES = 3.0
"""How long ``auto`` trains unless told."""

_SIZES = (64, 96, 128, 192, 256, 320, 384, 512, 640, 768, 1024)
_READ_PER_WEIGHT = 3  # characters, at least, for each of the LSTM's 4H² recurrent weights
_RATE, _HIGHEST_RATE = 12.3, 0.03
_FEWEST_STEPS = 20  # per epoch: a text too short for this many gets smaller batches


@dataclass(frozen=True, slots=True)
class Preset:
    """Settings that differ from the defaults, of the model and of its training."""

    summary: str
    model: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)

    def settings(
        self, vocab_size: int, chosen: Mapping[str, Any]
    ) -> tuple[ModelConfig, TrainConfig]:
        """Return the full settings, in which what a person has ``chosen`` wins."""
        sizes: dict[str, Any] = {"vocab_size": vocab_size} | dict(self.model)
        training = dict(self.training)
        if any(chosen.get(bound) is not None for bound in BOUNDS):
            training = {key: value for key, value in training.items() if key not in BOUNDS}
        for key, value in chosen.items():
            part = sizes if key in ModelConfig.__dataclass_fields__ else training
            part[key] = value
        model = ModelConfig.from_json(sizes)
        return model, TrainConfig.from_json(
            {"learning_rate": peak_rate(model.hidden_size)} | training
        )


def peak_rate(hidden: int) -> float:
    """Return the peak learning rate for layers of so many units.

    A step of Adam moves every weight alike, so what it adds to the input of a unit grows with the
    H units that it listens to (Yang et al. 2021, §3).
    """
    return round(min(_HIGHEST_RATE, _RATE / hidden), 4)


PRESETS: Mapping[str, Preset] = {
    "notebook": Preset(
        "the reference setting: B 36, T 48, E 48, H 96, shuffled windows",
        {"embedding_dim": 48, "hidden_size": 96},
        {
            "batch_size": 36,
            "window": 48,
            "batching": "shuffled",
            "learning_rate": 4e-3,
            "epochs": 1,
        },
    ),
    "small": Preset(
        "H 192: good in a minute or two",
        {"embedding_dim": 32, "hidden_size": 192, "dropout": 0.1},
        {"batch_size": 32, "window": 32, "epochs": 12},
    ),
    "medium": Preset(
        "H 512: the best use of several minutes",
        {"embedding_dim": 64, "hidden_size": 512, "dropout": 0.2},
        {"batch_size": 32, "window": 32, "epochs": 8},
    ),
    "large": Preset(
        "H 768: for half an hour and more",
        {"embedding_dim": 64, "hidden_size": 768, "dropout": 0.45},
        {"batch_size": 32, "window": 32, "epochs": 20},
    ),
}


def validate_overrides(preset: str, chosen: Mapping[str, Any]) -> None:
    """Refuse what was ``chosen`` out of range before anything is read, downloaded or written."""
    start = PRESETS.get(preset, PRESETS["medium"])
    start.settings(vocab_size=1, chosen=chosen)


def auto_preset(characters: int, seconds: float, medium_speed: float) -> Preset:
    """Choose a preset for a text to train on, the time there is, and the machine.

    Args:
        characters: length of the text to train on.
        seconds: how long training may take.
        medium_speed: characters per second at which the ``medium`` preset trains here.
    """
    medium = PRESETS["medium"].model["hidden_size"]
    hidden = _SIZES[0]
    for size in _SIZES:
        read = seconds * medium_speed * (medium / size) ** 1.7
        if read >= _READ_PER_WEIGHT * 4 * size**2 and size <= 512 * (characters / 300_000) ** 0.4:
            hidden = size
    read = seconds * medium_speed * (medium / hidden) ** 1.7
    epochs = max(1.0, read / characters)
    return Preset(
        "chosen for this text, this machine and this time",
        {
            "embedding_dim": min(64, hidden),
            "hidden_size": hidden,
            "dropout": round(min(0.5, max(0.0, 0.17 * math.log2(epochs / 3))), 2),
        },
        {"batch_size": 32, "window": 32, "minutes": seconds / 60},
    )


def shrink_to_fit(settings: TrainConfig, characters: int) -> tuple[TrainConfig, str]:
    """Shrink batch and window until ``characters`` make a fair number of steps, and say so.

    Returns the settings and a sentence, empty when nothing had to change.
    """
    fitted = settings
    while fitted.window > 8 and characters < 4 * fitted.window:
        fitted = replace(fitted, window=fitted.window // 2)
    while fitted.batch_size > 1 and fitted.steps_per_epoch(characters) < _FEWEST_STEPS:
        fitted = replace(fitted, batch_size=fitted.batch_size // 2)
    if fitted.steps_per_epoch(characters) < 1:
        raise CharloomError(
            f"Only {characters} characters are left to train on, which is too few. "
            "Use a longer text or hold out a smaller share of it."
        )
    if fitted == settings:
        return settings, ""
    sizes = f"batch {fitted.batch_size} and window {fitted.window}"
    return fitted, f"The text is short: training with {sizes}."
