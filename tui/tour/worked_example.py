"""A worked example of stages 6 to 9: one batch, one loss, one step, in numbers.

It takes torch, so it is worked out in a child process, :mod:`core.training.worked_example`.
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
    """What the child is given: a checkpoint's file, the text to train on, and how."""

    checkpoint: str
    text: str
    training: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkedExample:
    """What the child found. Losses are in nats per character, and dropout is off throughout.

    The character that is worked out is the last one of the batch's first window: its ``row`` in
    ``[B*T, V]`` is T - 1.
    """

    features: list[list[int]]  # the first rows of the batch
    labels: list[list[int]]
    batches: int  # in an epoch
    shapes: dict[str, list[int]]  # of what goes through the network, by stage
    parameters: dict[str, list[int]]  # shapes of its tensors, by their names in a checkpoint
    row: int
    logits: list[tuple[int, float]]  # ids and logits of the label and of the likeliest ones
    log_sum: float  # ln of the sum of exp(logit) over all V
    loss: float  # the mean over B*T
    mean_by_hand: float  # the same, from the logits one by one
    loss_after: float
    gradient_norm: float
    rate: float
    weight: str  # which one is watched: its name, as in NAME[3, 0]
    gradient: float  # after the gradients were scaled down, if they were
    before: float
    after: float

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Build from the child's answer; what it says of a failure is raised."""
        if "error" in data:
            raise CharloomError(data["error"])
        return cls(**data | {"logits": [(each, logit) for each, logit in data["logits"]]})


class ExampleProcess:
    """The child, at work. Whoever does not wait for :meth:`result` has to :meth:`stop` it."""

    def __init__(self, subject: TourSubject) -> None:
        training = subject.training.to_json()
        self._request = ExampleRequest(str(subject.path), subject.known, training)
        try:
            self._process = start_module(
                "training.worked_example",
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise CharloomError(f"The network cannot be set up ({error.strerror}).") from error

    def result(self) -> WorkedExample:
        """Wait for the example; :class:`CharloomError` if nothing comes of it."""
        try:
            answer, _ = self._process.communicate(json.dumps(asdict(self._request)).encode())
            return WorkedExample.from_json(json.loads(answer))
        except (OSError, ValueError, TypeError, LookupError) as error:
            how = exit_description(self._process.wait())
            raise CharloomError(f"The network could not be set up: the process {how}.") from error
        finally:
            self.stop()

    def stop(self) -> None:
        """End the child if it is still there."""
        with contextlib.suppress(OSError):
            self._process.kill()
