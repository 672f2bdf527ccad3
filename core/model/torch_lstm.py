"""Stages 7 and 8: the network, Embedding → LSTM → Linear, and its cross-entropy loss.

B batch, T window length, E embedding size, H hidden size, V vocabulary size.
"""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from charloom.core.config import SAMPLED_OUTPUTS, ModelConfig

LSTMState = list[tuple[Tensor, Tensor]]
"""The state carried between windows: per layer, the hidden and cell states h, c ``[1, B, H]``."""


class CharLSTM(nn.Module):
    """A character-level LSTM language model (Hochreiter & Schmidhuber 1997; Graves 2013, §2).

    The layers are separate ``nn.LSTM`` modules so that dropout between them can silence the same
    units throughout a window (variational dropout, Gal & Ghahramani 2016, §4), which suits a
    recurrent network better than a new mask per character and costs almost nothing.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        sizes = [config.embedding_dim] + [config.hidden_size] * config.layers
        self.embedding = nn.Embedding(config.vocab_size, config.embedding_dim)
        self.layers = nn.ModuleList(
            nn.LSTM(inputs, config.hidden_size, batch_first=True) for inputs in sizes[:-1]
        )
        self.head = nn.Linear(config.hidden_size, config.vocab_size)
        if config.tie_weights:
            self.head.weight = self.embedding.weight
        self._initialize()

    def _initialize(self) -> None:
        """Set orthogonal recurrent weights and open forget gates.

        Forget bias 1 lets gradients flow through the cell from the first step (Gers et al. 2000;
        Jozefowicz et al. 2015, §3.2).
        """
        hidden = self.config.hidden_size
        with torch.no_grad():
            if self.config.tie_weights:  # the rows are also Linear's weights: keep logits small
                self.embedding.weight.mul_(hidden**-0.5)
            self.head.bias.zero_()
            for name, value in self.layers.named_parameters():
                if "weight_hh" in name:
                    for gate in value.chunk(4):  # i, f, g, o
                        nn.init.orthogonal_(gate)
                elif "bias" in name:
                    value.zero_()
                if "bias_ih" in name:
                    value[hidden : 2 * hidden] = 1.0

    def forward(
        self, ids: Tensor, state: LSTMState | None = None, dropout: Tensor | None = None
    ) -> tuple[Tensor, LSTMState]:
        """Predict each next character.

        Args:
            ids: characters ``[B, T]``, int64.
            state: carried over from the previous window; None is the empty state.
            dropout: the masks of one step, see :func:`dropout_masks`; None drops nothing.

        Returns:
            logits ``[B, T, V]`` and the state after the last character.
        """
        hidden, carried = self.read(ids, state, dropout)
        return self.head(hidden), carried  # [B, T, V]

    def read(
        self, ids: Tensor, state: LSTMState | None = None, dropout: Tensor | None = None
    ) -> tuple[Tensor, LSTMState]:
        """Return the last layer's h ``[B, T, H]`` and the state, without predicting."""
        hidden = self.embedding(ids)  # [B, T, E]
        carried: LSTMState = []
        for index, lstm in enumerate(self.layers):
            hidden, after = lstm(hidden, None if state is None else state[index])  # [B, T, H]
            if dropout is not None:
                hidden = hidden * dropout[index].to(hidden.dtype)
            carried.append(after)
        return hidden, carried

    def tensors(self) -> dict[str, NDArray[np.float32]]:
        """Return copies of the weights under their names in a checkpoint."""
        return {
            checkpoint_name(name): value.detach().float().cpu().numpy().copy()
            for name, value in self.named_parameters()
        }

    def load(self, tensors: Mapping[str, NDArray[np.float32 | np.float16]]) -> None:
        """Load the weights of a checkpoint with the same :class:`ModelConfig`."""
        with torch.no_grad():
            for name, value in self.named_parameters():
                given = np.array(tensors[checkpoint_name(name)], dtype=np.float32)
                value.copy_(torch.from_numpy(given))


def dropout_masks(config: ModelConfig, batch_size: int, random: torch.Generator) -> Tensor:
    """Return masks ``[layers, B, 1, H]`` on the device of ``random``.

    A unit is dropped at every T alike, or kept and scaled up.
    """
    share = config.dropout
    shape = (config.layers, batch_size, 1, config.hidden_size)
    kept = torch.rand(shape, generator=random, device=random.device) >= share
    return kept.float() / (1 - share)


def checkpoint_name(parameter: str) -> str:
    """Return ``lstm.weight_hh_l1``, a stacked ``nn.LSTM``'s name, for ``layers.1.weight_hh_l0``."""
    if not parameter.startswith("layers."):
        return parameter
    _, layer, name = parameter.split(".")
    return f"lstm.{name.removesuffix('0')}{layer}"


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Stage 8: mean loss in nats per character of logits ``[B, T, V]`` against labels ``[B, T]``.

    Each character is one prediction among V, so the batch is flattened: logits to ``[B*T, V]``,
    labels to ``[B*T]``. Computed in float32.
    """
    return functional.cross_entropy(
        logits.float().reshape(-1, logits.shape[-1]), labels.reshape(-1)
    )


def sampled_cross_entropy(
    head: nn.Linear,
    hidden: Tensor,
    labels: Tensor,
    batch_labels: Tensor,
    random: torch.Generator,
    sampled: int = SAMPLED_OUTPUTS,
) -> Tensor:
    """Stage 8 for a large V: return an estimate ``[]`` of the :func:`cross_entropy`.

    Sampled softmax (Jean et al. 2015, §3): of the V outputs, only those of the n distinct labels of
    the batch and of K others are computed, which are drawn uniformly without replacement. Each of
    the K counts (V - n) / K times in the sum of exponentials, whose expectation is thus that of all
    V. Its logarithm, and with it the loss, is slightly too low in the mean.

    Args:
        head: Linear with weights ``[V, H]``.
        hidden: its input ``[B, T, H]``.
        labels: characters ``[B, T]``.
        batch_labels: those of all ranks, which thus compute the same outputs.
        random: draws the K others.
        sampled: K; all others, if they are fewer.
    """
    known = torch.unique(batch_labels)  # [n], sorted
    is_other = torch.ones(head.out_features, dtype=torch.bool).index_fill_(0, known, False)
    others = is_other.nonzero().squeeze(1)  # [V - n]
    drawn = others[torch.randperm(len(others), generator=random)[:sampled]]  # [K]
    outputs = torch.cat([known, drawn])
    logits = functional.linear(hidden, head.weight[outputs], head.bias[outputs])  # [B, T, n + K]
    times = torch.ones(len(outputs))
    times[len(known) :] = len(others) / max(1, len(drawn))
    return cross_entropy(logits + times.log(), torch.searchsorted(known, labels.contiguous()))
