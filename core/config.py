"""What can be chosen about a model and its training, each choice with its range and its reason.

The command line makes its options from these fields, checkpoints and ``run.json`` store them, and
nothing out of range can be constructed: a settings object that exists is a valid one.
"""

from collections.abc import Mapping
from dataclasses import Field, asdict, dataclass, field, fields
from typing import Any, Self

from charloom.core.errors import CharloomError

BATCHINGS = ("shuffled", "contiguous")
PRECISIONS = ("auto", "float32", "bfloat16")
DEVICES = ("auto", "cpu", "cuda", "mps")
_LONGEST_SHOWN = 60


def _number(default: float | None, help_: str, low: float, high: float, option: str = "") -> Any:
    metadata = {"help": help_, "low": low, "high": high, "option": option}
    return field(default=default, metadata=metadata)


def _choice(default: str, help_: str, choices: tuple[str, ...], option: str = "") -> Any:
    return field(default=default, metadata={"help": help_, "choices": choices, "option": option})


def _flag(default: bool, help_: str, option: str = "") -> Any:
    return field(default=default, metadata={"help": help_, "option": option})


class _Validated:
    """Settings that check themselves against the ranges in their fields' metadata."""

    def __post_init__(self) -> None:
        for each in fields(self):  # type: ignore[arg-type]
            _validate(each, getattr(self, each.name))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Build from a JSON object, or say in a :class:`CharloomError` what is wrong with it."""
        known = {each.name for each in fields(cls)}  # type: ignore[arg-type]
        if unknown := sorted(set(data) - known):
            raise CharloomError(f"There is no setting called {unknown[0][:40]!r} in this version.")
        try:
            return cls(**data)
        except TypeError as error:
            raise CharloomError("The settings are incomplete.") from error

    def to_json(self) -> dict[str, Any]:
        """Return the fields as a JSON object."""
        return asdict(self)  # type: ignore[call-overload,no-any-return]


def option_name(setting: Field[Any]) -> str:
    """Return the command-line option of a setting, such as ``--hidden`` for ``hidden_size``."""
    return "--" + (setting.metadata["option"] or setting.name.replace("_", "-"))


def _validate(setting: Field[Any], value: object) -> None:
    limits, default = setting.metadata, setting.default
    option = option_name(setting)
    if "choices" in limits:
        if value not in limits["choices"]:
            raise CharloomError(
                f"{option} is one of {', '.join(limits['choices'])}, not {_shown(value)}."
            )
    elif "low" not in limits:
        if not isinstance(value, bool):
            raise CharloomError(f"{option} is either on or off, not {_shown(value)}.")
    elif value is None:
        if default is not None:
            raise CharloomError(f"{option} needs a number.")
    else:
        low, high = limits["low"], limits["high"]
        whole = isinstance(low, int)
        kinds = (int,) if whole else (int, float)
        if not isinstance(value, kinds) or isinstance(value, bool) or not low <= value <= high:
            kind = "a whole number" if whole else "a number"
            raise CharloomError(
                f"{option} is {kind} from {low:,} to {high:,}, not {_shown(value)}."
            )


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}…"


@dataclass(frozen=True, slots=True)
class ModelConfig(_Validated):
    """The shape of the network: E ``embedding_dim``, H ``hidden_size``, V ``vocab_size``."""

    vocab_size: int = field(
        metadata={"help": "Distinct characters V.", "low": 1, "high": 65_536, "option": ""}
    )
    embedding_dim: int = _number(
        48, "Embedding size E: numbers that describe one character.", 1, 4096, "embedding"
    )
    hidden_size: int = _number(96, "Hidden size H: units in each LSTM layer.", 1, 4096, "hidden")
    layers: int = _number(1, "LSTM layers, one on top of the other.", 1, 4)
    dropout: float = _number(0.0, "Share of hidden units silenced while training.", 0.0, 0.9)
    tie_weights: bool = _flag(
        False, "Share one matrix between Embedding and Linear (needs E = H).", "tied"
    )

    def __post_init__(self) -> None:
        _Validated.__post_init__(self)
        if self.tie_weights and self.embedding_dim != self.hidden_size:
            sizes = f"{self.embedding_dim} and {self.hidden_size}"
            raise CharloomError(f"--tied needs --embedding equal to --hidden, not {sizes}.")

    @property
    def parameters(self) -> int:
        """How many numbers the network learns."""
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
    """How the network is trained. At most one of ``minutes``, ``epochs``, ``steps`` is given."""

    batch_size: int = _number(36, "Batch B: windows (or lanes) per step.", 1, 4096, "batch")
    window: int = _number(48, "Window T: characters the loss is traced back through.", 1, 4096)
    batching: str = _choice(
        "contiguous",
        "'shuffled' windows from the empty state, or 'contiguous' lanes with carried state.",
        BATCHINGS,
        "order",
    )
    state_reset_prob: float = _number(
        0.02,
        "Chance per window that a contiguous lane restarts from the empty state.",
        0.0,
        1.0,
        "reset",
    )
    learning_rate: float = _number(4e-3, "Peak learning rate.", 1e-7, 1.0, "rate")
    final_rate: float = _number(0.02, "Learning rate at the end, as a share of the peak.", 0.0, 1.0)
    warmup: float = _number(0.03, "Share of the run in which the rate climbs.", 0.0, 0.9)
    weight_decay: float = _number(0.1, "AdamW's decay of the weight matrices.", 0.0, 10.0)
    grad_clip: float = _number(
        1.0, "Largest gradient norm; a larger one is scaled down.", 1e-4, 1e4, "clip"
    )
    held_out: float = _number(0.1, "Share of the text, at its end, kept for validation.", 0.0, 0.5)
    patience: float = _number(
        0.35, "Stop when this share of the run brings no better validation (1: never).", 0.01, 1.0
    )
    minutes: float | None = _number(None, "Train for this long, evaluation included.", 0.01, 1e5)
    epochs: float | None = _number(None, "Train for this many passes over the windows.", 1e-3, 1e6)
    steps: int | None = _number(None, "Train for this many optimizer steps.", 1, 1_000_000_000)
    seed: int = _number(0, "Seed of every random choice in training.", 0, 2**63 - 1)
    checkpoint_seconds: float = _number(10.0, "Save at least this often.", 0.1, 86_400.0)
    device: str = _choice("auto", "Where to compute.", DEVICES)
    precision: str = _choice("auto", "Number format of the matrix products.", PRECISIONS)
    threads: int = _number(0, "CPU threads (0: chosen by a short timing).", 0, 1024)

    def __post_init__(self) -> None:
        _Validated.__post_init__(self)
        bounds = [n for n in ("minutes", "epochs", "steps") if getattr(self, n) is not None]
        if len(bounds) > 1:
            raise CharloomError(
                f"Choose one of {' and '.join('--' + n for n in bounds)}, not both."
            )

    def steps_per_epoch(self, characters: int) -> int:
        """Return the number of batches ``[B, T]`` in one epoch over ``characters`` characters."""
        windows = characters - self.window
        if self.batching == "shuffled":
            return windows // self.batch_size
        return (windows + self.window - 1) // (self.batch_size * self.window)


def train_characters(characters: int, held_out: float) -> int:
    """Return how many of a text's ``characters`` are trained on; the rest, its end, is held out."""
    return characters - int(characters * held_out)
