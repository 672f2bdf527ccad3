"""The settings of a model and of its training: their ranges, defaults and meanings.

The command line derives its options from these fields; checkpoints and ``run.json`` store them.
Configs validate themselves, so no config with a value out of range exists.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, asdict, dataclass, fields
from typing import Any, Self

from charloom.core.errors import CharloomError, SettingError
from charloom.core.sanitize import quoted
from charloom.core.settings import setting_field, setting_problem

BATCHINGS = ("shuffled", "contiguous")
PRECISIONS = ("auto", "float32", "bfloat16")
DEVICES = ("auto", "cpu", "cuda", "mps")

MAX_SOFTMAX_OUTPUTS = 1_024
"""The largest vocabulary of which training on a CPU computes every output."""
SAMPLED_OUTPUTS = 256
"""The outputs that it computes of a larger one, besides the labels."""


def _number(default: float | None, help_: str, low: float, high: float, option: str = "") -> Any:
    return setting_field(default, help_, option, low=low, high=high)


def _choice(default: str, help_: str, choices: tuple[str, ...], option: str = "") -> Any:
    return setting_field(default, help_, option, choices=choices)


class _Validated:
    """Base of configs that check their fields against the ranges in the fields' metadata."""

    def __post_init__(self) -> None:
        for setting in fields(self):  # type: ignore[arg-type]
            _validate(setting, getattr(self, setting.name))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Build from a JSON object; raises :class:`CharloomError` if it is invalid."""
        names = {setting.name for setting in fields(cls)}  # type: ignore[arg-type]
        if unknown := sorted(set(data) - names):
            raise CharloomError(f"There is no setting called {quoted(unknown[0])} in this version.")
        try:
            return cls(**data)
        except TypeError as error:
            raise CharloomError("The settings are incomplete.") from error

    def to_json(self) -> dict[str, Any]:
        """Return the fields as a JSON object."""
        return asdict(self)  # type: ignore[call-overload,no-any-return]


def _validate(setting: Field[Any], value: object) -> None:
    if problem := setting_problem(setting.metadata, setting.default, value):
        raise SettingError(setting.name, problem, setting.metadata["option"])


@dataclass(frozen=True, slots=True)
class ModelConfig(_Validated):
    """The shape of the network: E ``embedding_dim``, H ``hidden_size``, V ``vocab_size``."""

    vocab_size: int = setting_field(MISSING, "Distinct characters V.", low=1, high=65_536)
    embedding_dim: int = _number(48, "Embedding size E, per character.", 1, 4096, "embedding")
    hidden_size: int = _number(96, "Hidden size H: units in each LSTM layer.", 1, 4096, "hidden")
    layers: int = _number(1, "LSTM layers, one on top of the other.", 1, 4)
    dropout: float = _number(0.0, "Share of hidden units that are dropped in training.", 0.0, 0.9)
    tie_weights: bool = setting_field(
        False, "Embedding and Linear share weights (needs E = H).", "tied"
    )

    def __post_init__(self) -> None:
        _Validated.__post_init__(self)
        if self.tie_weights and self.embedding_dim != self.hidden_size:
            sizes = f"{self.embedding_dim} and {self.hidden_size}"
            raise SettingError(
                "tie_weights", f"needs embedding and hidden size to be equal, not {sizes}.", "tied"
            )

    @property
    def parameters(self) -> int:
        """The number of trainable parameters."""
        total = self.vocab_size * self.embedding_dim + self.vocab_size
        if not self.tie_weights:
            total += self.vocab_size * self.hidden_size
        inputs = self.embedding_dim
        for _ in range(self.layers):
            total += 4 * self.hidden_size * (inputs + self.hidden_size + 2)
            inputs = self.hidden_size
        return total


@dataclass(frozen=True, slots=True)
class TrainConfig(_Validated):
    """The settings of training. At most one of ``minutes``, ``epochs`` and ``steps`` is given."""

    batch_size: int = _number(36, "Batch B: windows (or lanes) per step.", 1, 4096, "batch")
    window: int = _number(48, "Window T: length of back-propagation in characters.", 1, 4096)
    batching: str = _choice(
        "contiguous",
        "Shuffled windows, or contiguous lanes with carried state.",
        BATCHINGS,
        "order",
    )
    state_reset_prob: float = _number(
        0.02, "Chance per window that a lane restarts from the empty state.", 0.0, 1.0, "reset"
    )
    learning_rate: float = _number(4e-3, "Peak learning rate.", 1e-7, 1.0, "rate")
    final_rate: float = _number(0.02, "Learning rate at the end, as a share of the peak.", 0.0, 1.0)
    warmup: float = _number(0.03, "Share of the run in which the learning rate rises.", 0.0, 0.9)
    weight_decay: float = _number(0.1, "AdamW's decay of the weight matrices.", 0.0, 10.0)
    grad_clip: float = _number(
        1.0, "Larger gradient norms are scaled down to this.", 1e-4, 1e4, "clip"
    )
    held_out: float = _number(0.1, "Share of the text, at its end, kept for validation.", 0.0, 0.5)
    patience: float = _number(
        0.35, "Stop if validation has not improved for this share of the run (1: never).", 0.01, 1.0
    )
    minutes: float | None = _number(
        None, "Train for this long, from the first step to the last evaluation.", 0.01, 1e5
    )
    epochs: float | None = _number(None, "Train for this many passes over the windows.", 1e-3, 1e6)
    steps: int | None = _number(None, "Train for this many optimizer steps.", 1, 1_000_000_000)
    max_epochs: float | None = _number(
        None, "End after this many passes over the windows, even if time is left.", 1e-3, 1e6
    )
    seed: int = _number(0, "Seed of every random choice in training.", 0, 2**63 - 1)
    checkpoint_seconds: float = _number(10.0, "Save at least this often.", 0.1, 86_400.0)
    device: str = _choice("auto", "Where to compute.", DEVICES)
    precision: str = _choice("auto", "Number format of the matrix products.", PRECISIONS)
    threads: int = _number(0, "CPU threads per process (0: chosen by a short benchmark).", 0, 1024)
    processes: int = _number(
        1, "Processes that share every batch; on a machine with GPUs, one for each.", 1, 4096
    )
    average_every: int = _number(
        1, "Steps that each process takes alone before their weights are averaged.", 1, 1000
    )

    def __post_init__(self) -> None:
        _Validated.__post_init__(self)
        bounds = [n for n in ("minutes", "epochs", "steps") if getattr(self, n) is not None]
        if len(bounds) > 1:
            raise SettingError(bounds[1], f"cannot be combined with {bounds[0]}.")
        if self.processes > self.batch_size:
            raise SettingError("processes", f"cannot be more than the batch, {self.batch_size}.")

    def steps_per_epoch(self, characters: int) -> int:
        """Return the number of batches ``[B, T]`` in one epoch over ``characters`` characters."""
        windows = characters - self.window
        if self.batching == "shuffled":
            return windows // self.batch_size
        return (windows + self.window - 1) // (self.batch_size * self.window)


def train_characters(characters: int, held_out: float) -> int:
    """Return the number of ``characters`` to train on; the rest, at the end, is held out."""
    return characters - int(characters * held_out)
