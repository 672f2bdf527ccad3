"""The experiments behind the presets: the effect of single settings on the held-out loss.

    python -m tests.bench.sweep --texts FOLDER [WORD …] >> tests/bench/sweep.md

Every run is bounded by characters, not by time, so that losses do not depend on the speed of the
machine. Two runs train in parallel on one thread each, which is faster than one after the other on
two. With WORDs, only the experiments whose line contains all of them are run.
"""

import argparse
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch

from charloom.core.config import ModelConfig, TrainConfig, train_characters
from charloom.core.data import corpus
from charloom.core.data.vocab import Vocab
from charloom.core.model.torch_lstm import CharLSTM
from charloom.core.training import evaluation
from charloom.core.training.schedule import learning_rate
from charloom.core.training.step import Stepper

BASE = {
    "hidden_size": 512,
    "embedding_dim": 64,
    "batch_size": 32,
    "window": 32,
    "learning_rate": 0.024,
}
"""The settings that experiments are compared with."""

# Text, million characters to train on, seeds, and the changes to BASE. Two cores of the machine in
# BENCHMARKS.md train on 2.3 million characters a minute with H 512, on 6.4 million in three.
EXPERIMENTS: list[tuple[str, float, int, dict[str, Any]]] = [
    ("tinyshakespeare", 2.3, 2, {}),
    *[("tinyshakespeare", 2.3, 1, {"learning_rate": rate}) for rate in (0.014, 0.04)],
    *[
        ("tinyshakespeare", 2.3, 1, {"learning_rate": rate, "batch_size": 16, "window": 64})
        for rate in (0.003, 0.008, 0.014, 0.022)
    ],
    *[("tinyshakespeare", 2.3, 1, {"learning_rate": rate, "window": 64}) for rate in (0.01, 0.02)],
    ("tinyshakespeare", 2.3, 1, {"batch_size": 64, "window": 16}),
    ("tinyshakespeare", 2.3, 1, {"dropout": 0.1}),
    ("tinyshakespeare", 2.3, 1, {"warmup": 0.1}),
    ("tinyshakespeare", 2.3, 1, {"final_rate": 0.0}),
    ("tinyshakespeare", 0.7, 1, {"hidden_size": 256, "learning_rate": 0.03}),
    ("tinyshakespeare", 0.7, 1, {"hidden_size": 256, "learning_rate": 0.03, "batch_size": 16}),
    ("tinyshakespeare", 0.37, 1, {"hidden_size": 384, "learning_rate": 0.03}),
    ("tinyshakespeare", 3.7, 1, {"hidden_size": 384, "learning_rate": 0.03}),
    ("tinyshakespeare", 4.4, 1, {"hidden_size": 640, "learning_rate": 0.019, "dropout": 0.15}),
    ("tinyshakespeare", 6.4, 1, {"dropout": 0.1}),
    ("frankenstein", 6.4, 1, {"dropout": 0.25}),
]


def train(text: Path, millions: float, seed: int, overrides: dict[str, Any]) -> tuple[float, ...]:
    """Return losses in nats per character: carried, windowed-256, of the last training steps."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    content = corpus.load(text).text
    vocab = Vocab.from_text(content)
    encoded = vocab.encode(content)
    train_ids, held_out = np.split(encoded, [train_characters(len(encoded), 0.1)])
    ids = torch.from_numpy(train_ids)
    settings = BASE | overrides
    sizes = {
        name: settings.pop(name)
        for name in list(settings)
        if name in ModelConfig.__dataclass_fields__
    }
    config = TrainConfig(**settings, seed=seed)
    model = CharLSTM(ModelConfig(len(vocab), **sizes))
    stepper = Stepper(model, ids, config, "bfloat16")
    steps = int(millions * 1e6 / config.batch_size / config.window)
    rates = [learning_rate(config, (step + 0.5) / steps) for step in range(steps)]
    losses = [stepper.step(rate).loss for rate in rates]
    carried = evaluation.carried(model, held_out, precision="bfloat16").nats
    windowed = evaluation.windowed(model, held_out, precision="bfloat16").nats
    return carried, windowed, float(torch.stack(losses[-(steps // 20) :]).mean())


def line(text: str, millions: float, seed: int, overrides: dict[str, Any]) -> str:
    """Return the start of a line of the table."""
    label = ", ".join(f"{name} {value}" for name, value in overrides.items()) or "the base"
    return f"| {text} | {millions:g} | {label} | {seed} |"


def main() -> None:
    """Run the experiments that the command line selects."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.sweep")
    parser.add_argument("words", nargs="*")
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--one", help=argparse.SUPPRESS)  # how the children are called
    arguments = parser.parse_args()
    if arguments.one:
        text, *rest = json.loads(arguments.one)
        losses = train(arguments.texts / f"{text}.txt", *rest)
        sys.stdout.write("".join(f" {loss:.4f} |" for loss in losses))
        return

    def run(text: str, millions: float, seed: int, overrides: dict[str, Any]) -> None:
        one = json.dumps([text, millions, seed, overrides])
        command = [
            sys.executable,
            "-m",
            "tests.bench.sweep",
            "--texts",
            arguments.texts,
            "--one",
            one,
        ]
        child = subprocess.run(command, check=True, capture_output=True, text=True)
        sys.stdout.write(f"{line(text, millions, seed, overrides)}{child.stdout}\n")
        sys.stdout.flush()

    runs = [
        (text, millions, seed, overrides)
        for text, millions, seeds, overrides in EXPERIMENTS
        for seed in range(seeds)
        if all(word in line(text, millions, seed, overrides) for word in arguments.words)
    ]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda experiment: run(*experiment), runs))


if __name__ == "__main__":
    main()
