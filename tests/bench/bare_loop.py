"""The bare training loop, as a baseline: it prints characters per second.

    python -m tests.bench.bare_loop TEXT SECONDS PRECISION THREADS

The network, precision and threads are those of ``charloom train --preset medium``; there is no
validation, report, sample or checkpoint, and the batches are slices of a tensor.
"""

import sys
import time
from pathlib import Path

import torch
from torch import nn

from charloom.core.data.vocab import Vocab
from charloom.core.model.torch_lstm import CharLSTM, cross_entropy
from charloom.core.runs.presets import PRESETS

_WARM_UP = 10  # steps


def main(path: str, seconds: float, precision: str, threads: int) -> float:
    text = Path(path).read_text("utf-8")
    vocab = Vocab.from_text(text)
    ids = torch.from_numpy(vocab.encode(text)[: int(len(text) * 0.9)])
    settings, training = PRESETS["medium"].configs(len(vocab), {})
    torch.set_num_threads(threads)
    torch.set_flush_denormal(True)
    model = CharLSTM(settings)
    optimizer = torch.optim.AdamW(model.parameters(), lr=training.learning_rate, fused=True)
    batch, window = training.batch_size, training.window
    lanes = ids[: len(ids) // batch * batch].view(batch, -1)
    state = None
    steps = 0
    begin = time.perf_counter()
    while time.perf_counter() - begin < seconds:
        if steps == _WARM_UP:  # the program is timed from its first report, too
            begin = time.perf_counter()
        start = steps * window % (lanes.shape[1] - window - 1)
        features = lanes[:, start : start + window]
        labels = lanes[:, start + 1 : start + window + 1]
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            logits, state = model(features, state)
            loss = cross_entropy(logits, labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), training.grad_clip)
        optimizer.step()
        state = [(h.detach(), c.detach()) for h, c in state]
        steps += 1
    return (steps - _WARM_UP) * batch * window / (time.perf_counter() - begin)


if __name__ == "__main__":
    speed = main(sys.argv[1], float(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
    sys.stdout.write(f"{speed}\n")
