"""Stage 9: one training step, in :meth:`Stepper.step`: forward, loss, backward, optimizer step."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import NamedTuple, Self

import torch
from torch import Tensor, nn

from charloom.core.config import MAX_SOFTMAX_OUTPUTS, ModelConfig, TrainConfig
from charloom.core.data.dataset import Batch, batches, generator
from charloom.core.errors import memory_for
from charloom.core.model.torch_lstm import (
    CharLSTM,
    LSTMState,
    checkpoint_name,
    cross_entropy,
    dropout_masks,
    sampled_cross_entropy,
)
from charloom.core.training.optimizer import AdamW
from charloom.core.training.ranks import ALONE, Action, Ranks

_BLOCK_STEPS = 256  # whose resets are drawn at once


@dataclass(frozen=True, slots=True)
class TrainState:
    """Everything that later steps depend on, so that they can be repeated bit for bit."""

    step: int
    weights: dict[str, Tensor]  # by their names in a checkpoint
    moments: dict[str, Tensor]  # AdamW's two running means of each weight's gradient
    carried: list[Tensor]  # h and c ``[1, B, H]`` of each layer in turn; empty before a window

    def tensors(self) -> dict[str, Tensor]:
        """Return all tensors on the CPU, under names such as ``moments.head.bias.exp_avg``."""
        tensors = {f"weights.{name}": value for name, value in self.weights.items()}
        tensors |= {f"moments.{name}": value for name, value in self.moments.items()}
        tensors |= {f"carried.{index}": value for index, value in enumerate(self.carried)}
        return {name: value.cpu() for name, value in tensors.items()}

    @classmethod
    def from_tensors(cls, step: int, tensors: Mapping[str, Tensor]) -> Self:
        """Return the state of ``step``, given its :meth:`tensors`; ``KeyError`` for others."""
        parts: dict[str, dict[str, Tensor]] = {"weights": {}, "moments": {}, "carried": {}}
        for name, value in tensors.items():
            kind, _, rest = name.partition(".")
            parts[kind][rest] = value
        carried = [parts["carried"][str(index)] for index in range(len(parts["carried"]))]
        return cls(step, parts["weights"], parts["moments"], carried)


class StepResult(NamedTuple):
    """Mean loss in nats per character and gradient norm of one step, both scalars ``[]``.

    If V is large, the loss is an estimate: see :func:`sampled_cross_entropy`. They stay on the
    device: reading them after every step would make it wait.
    """

    loss: Tensor
    gradient_norm: Tensor


@contextmanager
def memory_for_training(model: ModelConfig, training: TrainConfig) -> Iterator[None]:
    """Turn a lack of memory into a :class:`CharloomError` that names the network and the batch."""
    subject = (
        f"a network of {model.parameters:,} parameters and {model.vocab_size:,} different "
        f"characters, trained on {training.batch_size:,} windows of {training.window:,} at a time"
    )
    with memory_for(subject, "use a smaller hidden size or batch"):
        try:
            yield
        except RuntimeError as error:
            # on a CPU torch has no error class for it
            if isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error):
                raise MemoryError from error
            raise


class Stepper:
    """A network, its optimizer, and its position in the text ``ids`` ``[N]``.

    With several ``ranks``, each has one: what the leader's does, those of the others do too.
    """

    def __init__(
        self,
        network: CharLSTM,
        ids: Tensor,
        config: TrainConfig,
        precision: str,
        ranks: Ranks = ALONE,
    ) -> None:
        self.network = network
        self.step_count = 0
        self.steps_per_epoch = config.steps_per_epoch(len(ids))
        self._ids = ids
        self._config = config
        self._precision = precision
        self._ranks = ranks
        self._state: LSTMState | None = None
        self._kept_block, self._kept = -1, torch.empty(0)
        self._parameters = {checkpoint_name(n): p for n, p in network.named_parameters()}
        self._optimizer = AdamW(self._parameters, config.weight_decay)
        self._batches = self._batches_from(0)

    @property
    def epoch(self) -> float:
        """Passes over the text so far."""
        return self.step_count / self.steps_per_epoch

    def step(self, learning_rate: float) -> StepResult:
        """Train on the next batch ``[B, T]`` at ``learning_rate``."""
        self._ranks.announce(Action.STEP, learning_rate)
        batch = next(self._batches)
        features, labels = map(self._ranks.cut, batch)
        state = self._state_before_step()
        dropout = self._dropout_masks()

        with autocast(self._ids.device, self._precision):
            hidden, state = self.network.read(features, state, dropout)  # forward
            loss = self._loss(hidden, labels, batch.labels)  # loss
        loss.backward()  # type: ignore[no-untyped-call]
        loss = self._ranks.reduce(self._parameters.values(), loss.detach())
        norm = nn.utils.clip_grad_norm_(self._parameters.values(), self._config.grad_clip)
        self._optimizer.step(learning_rate)

        # Detached: the loss is traced back through one window only (truncated BPTT).
        self._state = [(h.detach(), c.detach()) for h, c in state]
        self.step_count += 1
        self._ranks.average(self.step_count, self._trained_tensors)
        return StepResult(loss, norm)

    def _loss(self, hidden: Tensor, labels: Tensor, batch_labels: Tensor) -> Tensor:
        """Return the loss of this rank's ``labels``: an estimate if V is large.

        On a GPU it is never one: finding the distinct labels would wait for the steps before.
        """
        head = self.network.head
        if head.out_features <= MAX_SOFTMAX_OUTPUTS or hidden.device.type != "cpu":
            return cross_entropy(head(hidden), labels)
        random = generator(self._config.seed, "outputs", self.step_count)
        return sampled_cross_entropy(head, hidden, labels, batch_labels, random)

    def _trained_tensors(self) -> list[Tensor]:
        return [*self._parameters.values(), *self._optimizer.means()]

    def _batches_from(self, step: int) -> Iterator[Batch]:
        """Yield the batches of ``step`` and of all steps after it, without end."""
        epoch, done = divmod(step, self.steps_per_epoch)
        while True:
            yield from batches(self._ids, self._config, epoch, first_step=done)
            epoch, done = epoch + 1, 0

    def _state_before_step(self) -> LSTMState | None:
        """Return the state that the next step starts from: None, or with some lanes emptied.

        Every prompt starts from the empty state, so the network must keep seeing it: each lane is
        emptied now and then. A new epoch puts all lanes elsewhere in the text.
        """
        config = self._config
        new_epoch = self.step_count % self.steps_per_epoch == 0
        if self._state is None or new_epoch or config.batching == "shuffled":
            return None
        keep = self._kept_lanes().to(self._state[0][0].dtype)
        return [(h * keep, c * keep) for h, c in self._state]

    def _kept_lanes(self) -> Tensor:
        """Return which lanes ``[B, 1]`` keep their state at this step."""
        config, block = self._config, self.step_count // _BLOCK_STEPS
        if self._kept_block != block:  # once in many steps: on a GPU each copy waits for the steps
            steps = range(block * _BLOCK_STEPS, (block + 1) * _BLOCK_STEPS)
            random = [generator(config.seed, "reset", step) for step in steps]
            drawn = torch.stack([torch.rand(config.batch_size, 1, generator=r) for r in random])
            kept = self._ranks.cut(drawn >= config.state_reset_prob, dim=1)
            self._kept_block, self._kept = block, kept.to(self._ids.device)
        return self._kept[self.step_count % _BLOCK_STEPS]

    def _dropout_masks(self) -> Tensor | None:
        config = self._config
        if not self.network.config.dropout:
            return None
        random = generator(config.seed, "dropout", self.step_count, self._ids.device)
        masks = dropout_masks(self.network.config, config.batch_size, random)
        return self._ranks.cut(masks, dim=1)

    def capture(self) -> TrainState:
        """Return a copy of everything that later steps depend on."""
        self._ranks.announce(Action.CAPTURE)
        return TrainState(
            step=self.step_count,
            weights={name: p.detach().clone() for name, p in self._parameters.items()},
            moments=self._optimizer.capture(),
            carried=self._ranks.gather([part for pair in self._state or [] for part in pair]),
        )

    def restore(self, snapshot: TrainState) -> None:
        """Return to ``snapshot``, which may come from another device."""
        self._ranks.announce(Action.RESTORE, snapshot.step, snapshot.tensors)
        device = self._ids.device
        self.step_count = snapshot.step
        with torch.no_grad():
            for name, parameter in self._parameters.items():
                parameter.copy_(snapshot.weights[name])
        self._optimizer.restore(snapshot.moments)
        parts = [self._ranks.cut(p, dim=1).to(device, copy=True) for p in snapshot.carried]
        self._state = list(zip(parts[::2], parts[1::2], strict=True)) or None
        self._batches = self._batches_from(snapshot.step)


def autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """Compute matrix products in ``precision``; weights, state and loss stay float32."""
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16)
