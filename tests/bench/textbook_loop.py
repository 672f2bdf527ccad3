"""A tutorial's loop: ``python -m tests.bench.textbook_loop TEXT SECONDS``, prints JSON.

``nn.LSTM`` in float32, random windows from the empty state, Adam at its default rate; H 512, and
batch and window as in ``charloom train --preset medium``. Prints characters per second and,
after SECONDS, the carried loss on the held-out text.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from charloom.core.config import train_characters
from charloom.core.data import corpus
from charloom.core.data.vocab import Vocab
from charloom.core.model.torch_lstm import CharLSTM
from charloom.core.runs.presets import PRESETS
from charloom.core.training import evaluation


class Textbook(nn.Module):
    """Embedding, LSTM, Linear, with PyTorch's defaults."""

    def __init__(self, size: int, embedding: int, hidden: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(size, embedding)
        self.lstm = nn.LSTM(embedding, hidden, batch_first=True)
        self.head = nn.Linear(hidden, size)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Return logits ``[B, T, V]`` for ids ``[B, T]``."""
        logits: torch.Tensor = self.head(self.lstm(self.embedding(ids))[0])
        return logits


def main(path: str, seconds: float) -> dict[str, float]:
    text = corpus.load(Path(path)).text
    vocab = Vocab.from_text(text)
    encoded = vocab.encode(text)
    train_ids, held_out = np.split(encoded, [train_characters(len(encoded), 0.1)])
    ids = torch.from_numpy(train_ids)
    sizes, training = PRESETS["medium"].configs(len(vocab), {})
    model = Textbook(len(vocab), sizes.embedding_dim, sizes.hidden_size)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    compute = nn.CrossEntropyLoss()
    offsets = torch.arange(training.window)
    steps = 0
    begin = time.perf_counter()
    while time.perf_counter() - begin < seconds:
        start = torch.randint(len(ids) - training.window - 1, (training.batch_size, 1))
        logits = model(ids[start + offsets])
        loss = compute(logits.reshape(-1, len(vocab)), ids[start + offsets + 1].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        steps += 1
    elapsed = time.perf_counter() - begin
    measured = CharLSTM(sizes)
    weights = {n.removeprefix("lstm."): p.detach() for n, p in model.lstm.named_parameters()}
    measured.layers[0].load_state_dict(weights)
    measured.embedding.load_state_dict(model.embedding.state_dict())
    measured.head.load_state_dict(model.head.state_dict())
    return {
        "chars_per_second": steps * training.batch_size * training.window / elapsed,
        "val_loss": evaluation.carried(measured, held_out).nats,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1], float(sys.argv[2]))))
