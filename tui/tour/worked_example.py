"""The worked example of stages 6 to 9: the numbers of one batch, one loss and one step.

It needs torch, so a child process computes it: :mod:`core.training.worked_example`.
"""

import contextlib
import json
import subprocess
from dataclasses import asdict, dataclass
from typing import Any, Self

from charloom.core.child_process import exit_description, start_module
from charloom.core.errors import CharloomError
from charloom.tui.tour.subject import TourSubject


@dataclass(frozen=True, slots=True)
class ExampleRequest:
    """The input of the child process: a checkpoint file, a text and the training settings."""

    checkpoint: str
    text: str
    training: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkedExample:
    """The output of the child process. Losses are in nats per character; dropout is off.

    The loss is worked out for the last character of the first window of the batch. Its ``row`` in
    ``[B*T, V]`` is T - 1.
    """

    features: list[list[int]]  # the first rows of the batch
    labels: list[list[int]]
    batches: int  # in an epoch
    shapes: dict[str, list[int]]  # of the tensors between the layers
    parameters: dict[str, list[int]]  # shapes of the weights, by their names in a checkpoint
    row: int
    logits: list[tuple[int, float]]  # of the label, then of the likeliest ids
    log_sum: float  # ln of the sum of exp(logit) over all V
    loss: float  # the mean over B*T
    mean_by_hand: float  # the same, computed from the logits one by one
    loss_after: float
    gradient_norm: float
    rate: float
    weight_rate: float  # of the weight that is shown
    weight: str  # the name of the weight that is shown, as in NAME[3, 0]
    gradient: float  # after clipping
    before: float
    after: float

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Build from the output of the child process; raise the error that it reports."""
        if "error" in data:
            raise CharloomError(data["error"])
        return cls(**data | {"logits": [(id_, logit) for id_, logit in data["logits"]]})


class ExampleProcess:
    """The child process, which ends with the block that it is used in, or at :meth:`result`."""

    def __init__(self, subject: TourSubject) -> None:
        training = subject.train_config.to_json()
        self._request = ExampleRequest(str(subject.path), subject.known_text, training)
        try:
            self._process = start_module(
                "training.worked_example",
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise CharloomError(f"The network could not be set up ({error.strerror}).") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def result(self) -> WorkedExample:
        """Wait for the example and return it. Raises :class:`CharloomError`."""
        try:
            answer, _ = self._process.communicate(json.dumps(asdict(self._request)).encode())
            return WorkedExample.from_json(json.loads(answer))
        except (OSError, ValueError, TypeError, LookupError) as error:
            how = exit_description(self._process.wait())
            raise CharloomError(f"The network could not be set up: the process {how}.") from error
        finally:
            self.stop()

    def stop(self) -> None:
        """Kill the process if it is still running."""
        with contextlib.suppress(OSError):
            self._process.kill()
