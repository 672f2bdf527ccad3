"""Presets: settings that go together, and the choice of some for a text, a machine and a time.

The numbers come from the experiments in ``tests/bench/sweep.py``.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from charloom.core.config import MAX_SOFTMAX_OUTPUTS, SAMPLED_OUTPUTS, ModelConfig, TrainConfig
from charloom.core.errors import CharloomError

BOUNDS = ("minutes", "epochs", "steps")
DEFAULT_MINUTES = 3.0
"""The default training time of ``auto``."""

TYPICAL_VOCAB_SIZE = 80
"""The size of the vocabulary at which presets are timed."""

_SIZES = (64, 96, 128, 192, 256, 320, 384, 512, 640, 768, 1024)
_MIN_CHARACTERS_PER_WEIGHT = 3  # to train on, for each of the LSTM's 4H² recurrent weights
_RATE_TIMES_HIDDEN, _MAX_RATE = 12.3, 0.03
_OPERATIONS_PER_WEIGHT = 6  # for one character: two forward, four backward
# The rest was measured on one thread, for H 96 to 2,048, 1 to 4 layers and V 65 to 50,000, and is
# right to within 30 %: what a step costs whatever its size, the weights of a layer that leave the
# processor's cache, and the softmax of an output. Of a large vocabulary, a step computes its labels
# and some other outputs, but updates all weights: once for about a thousand characters.
_OPERATIONS_PER_CHARACTER = 250_000
_CACHED_WEIGHTS, _COST_BEYOND_CACHE = 1_200_000, 1.4
_OPERATIONS_PER_ENTRY = 100
_DISTINCT_LABELS = 500  # of a thousand; by Zipf's law 482 with V 5,000 and 611 with V 50,000
_OPERATIONS_PER_UPDATED_WEIGHT = 0.5
_MIN_STEPS_PER_EPOCH = 20  # a text too short for this gets smaller batches

# On a GPU, a step of few lanes takes as long as one of many. These are not measured yet.
_MAX_GPU_LANES, _GPU_WINDOW, _GPU_WARMUP = 1_024, 64, 0.1
_MIN_GPU_STEPS_PER_EPOCH = 100

BASE_SIZES = ("embedding_dim", "hidden_size", "layers", "tie_weights")
"""The settings that a network which is trained further keeps."""

# Training that starts from a trained network: it can spell, which a high rate would undo.
_FINE_TUNING_RATE_TIMES_HIDDEN = 1.5
_FINE_TUNING_DROPOUT = 0.2
_FINE_TUNING_EPOCHS = 5.0
_FINE_TUNING: Mapping[str, Any] = {
    "batch_size": 32,
    "window": 64,
    "warmup": 0.05,
    "patience": 0.5,
    "minutes": DEFAULT_MINUTES,
}
MIN_FINE_TUNING_STEPS_PER_EPOCH = 4
"""A smaller one than from scratch: smaller batches are noisier, which undoes more."""


@dataclass(frozen=True, slots=True)
class Preset:
    """Model and training settings that differ from the defaults."""

    summary: str
    model: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)

    def configs(
        self, vocab_size: int, overrides: Mapping[str, Any]
    ) -> tuple[ModelConfig, TrainConfig]:
        """Return the complete configs, in which the user's ``overrides`` take precedence."""
        sizes: dict[str, Any] = {"vocab_size": vocab_size} | dict(self.model)
        training = dict(self.training)
        bounds = [bound for bound in BOUNDS if overrides.get(bound) is not None]
        if bounds:
            training = {key: value for key, value in training.items() if key not in BOUNDS}
        if bounds and bounds[0] != "minutes":  # exactly as many as the user says
            training.pop("max_epochs", None)
        for key, value in overrides.items():
            part = sizes if key in ModelConfig.__dataclass_fields__ else training
            part[key] = value
        model = ModelConfig.from_json(sizes)
        return model, TrainConfig.from_json(
            {"learning_rate": peak_rate(model.hidden_size, model.layers)} | training
        )


def peak_rate(hidden: int, layers: int) -> float:
    """Return the peak learning rate for ``layers`` of H ``hidden`` units.

    A step of Adam changes every weight by about as much, so the change of a unit's input grows with
    H (Yang et al. 2021, §3). The changes of several layers add up: that the rate falls with their
    number was measured, see ``tests/bench/sweep.md``.
    """
    return round(min(_MAX_RATE, _RATE_TIMES_HIDDEN / (hidden * layers)), 4)


def fine_tuning(base: ModelConfig, *, same_text: bool) -> Preset:
    """Return the preset for training that starts from a network of the shape of ``base``.

    On another text than its own, it soon has all that it can learn from a short one.
    """
    return Preset(
        "",
        {name: getattr(base, name) for name in BASE_SIZES} | {"dropout": _FINE_TUNING_DROPOUT},
        {
            "learning_rate": round(_FINE_TUNING_RATE_TIMES_HIDDEN / base.hidden_size, 5),
            "max_epochs": None if same_text else _FINE_TUNING_EPOCHS,
            **_FINE_TUNING,
        },
    )


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


def validate_overrides(preset: str, overrides: Mapping[str, Any]) -> None:
    """Raise :class:`CharloomError` for overrides out of range, before anything is read."""
    PRESETS.get(preset, PRESETS["medium"]).configs(1, overrides)


def _head_cost(vocab_size: int, hidden: int) -> float:
    """Return the cost of V outputs in training on one character, in floating-point operations."""
    entry = _OPERATIONS_PER_WEIGHT * hidden + _OPERATIONS_PER_ENTRY
    if vocab_size <= MAX_SOFTMAX_OUTPUTS:
        return vocab_size * entry
    outputs = _DISTINCT_LABELS + SAMPLED_OUTPUTS
    return outputs * entry + _OPERATIONS_PER_UPDATED_WEIGHT * vocab_size * hidden


def _lstm_cost(config: ModelConfig) -> float:
    """Return the cost of the layers in training on one character, in floating-point operations."""
    hidden = config.hidden_size
    cost = 0.0
    for inputs in (config.embedding_dim, *[hidden] * (config.layers - 1)):
        weights = 4 * hidden * (inputs + hidden)
        beyond = max(0, weights - _CACHED_WEIGHTS)
        cost += _OPERATIONS_PER_WEIGHT * (weights + (_COST_BEYOND_CACHE - 1) * beyond)
    return cost


def character_cost(config: ModelConfig) -> float:
    """Return the cost of training on one character, in floating-point operations."""
    head = _head_cost(config.vocab_size, config.hidden_size)
    return _OPERATIONS_PER_CHARACTER + _lstm_cost(config) + head


def auto_preset(
    characters: int, seconds: float, medium_speed: float, vocab_size: int = TYPICAL_VOCAB_SIZE
) -> Preset:
    """Return a preset for a text, a training time and a machine.

    Args:
        characters: length of the text to train on.
        seconds: training time.
        medium_speed: characters per second at which the ``medium`` preset trains on this machine,
            with this vocabulary.
        vocab_size: size V of the vocabulary.
    """
    medium, _ = PRESETS["medium"].configs(vocab_size, {})

    def characters_in_time(hidden: int) -> float:
        config = replace(medium, hidden_size=hidden, embedding_dim=min(64, hidden))
        return seconds * medium_speed * character_cost(medium) / character_cost(config)

    largest = max_hidden_size(characters)
    hidden = _SIZES[0]
    for size in _SIZES:
        required = _MIN_CHARACTERS_PER_WEIGHT * 4 * size**2
        if size <= largest and characters_in_time(size) >= required:
            hidden = size
    epochs = max(1.0, characters_in_time(hidden) / characters)
    return Preset(
        "chosen for this text, this machine and this time",
        {
            "embedding_dim": min(64, hidden),
            "hidden_size": hidden,
            "dropout": round(min(0.5, max(0.0, 0.17 * math.log2(epochs / 3))), 2),
        },
        {"batch_size": 32, "window": 32, "minutes": seconds / 60},
    )


def widen(config: TrainConfig, characters: int, overrides: Mapping[str, Any]) -> TrainConfig:
    """Return ``config`` for a GPU: with more and longer lanes, if the text is long enough.

    The learning rate grows with the square root of their number (Malladi et al. 2022, for Adam).
    A batch that the user chose stays, and so does its rate.
    """
    lanes = config.batch_size
    enough = _MIN_GPU_STEPS_PER_EPOCH * _GPU_WINDOW
    while 2 * lanes <= min(_MAX_GPU_LANES, characters // enough):
        lanes *= 2
    if "batch_size" in overrides or lanes == config.batch_size:
        return config
    rate = min(_MAX_RATE, config.learning_rate * math.sqrt(lanes / config.batch_size))
    wide: dict[str, Any] = {"window": _GPU_WINDOW, "learning_rate": rate, "warmup": _GPU_WARMUP}
    chosen = {name: value for name, value in wide.items() if name not in overrides}
    return replace(config, batch_size=lanes, **chosen)


def max_hidden_size(characters: int) -> int:
    """Return the largest H that ``auto`` chooses for a text, however much time there is."""
    limit = 512 * (characters / 300_000) ** 0.4
    return max([size for size in _SIZES if size <= limit], default=_SIZES[0])


def shrink_to_fit(
    config: TrainConfig, characters: int, min_steps: int = _MIN_STEPS_PER_EPOCH
) -> tuple[TrainConfig, str]:
    """Shrink batch and window until an epoch of ``characters`` has ``min_steps``.

    Returns the config and a note, which is empty if nothing changed. Raises :class:`CharloomError`
    if the text is too short even for the smallest batch.
    """
    fitted = config
    while fitted.window > 8 and characters < 4 * fitted.window:
        fitted = replace(fitted, window=fitted.window // 2)
    while fitted.batch_size > 1 and fitted.steps_per_epoch(characters) < min_steps:
        fitted = replace(fitted, batch_size=fitted.batch_size // 2)
    if fitted.steps_per_epoch(characters) < 1:
        raise CharloomError(
            f"Only {characters} characters are left to train on, which is too few. "
            "Use a longer text or hold out a smaller share of it."
        )
    if fitted == config:
        return config, ""
    sizes = f"batch {fitted.batch_size} and window {fitted.window}"
    return fitted, f"The text is short: training with {sizes}."
