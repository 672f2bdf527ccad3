"""Speed, memory and quality of ``charloom train``, compared with baselines."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

from charloom.core.analysis import baselines
from charloom.core.data import corpus
from charloom.core.data.vocab import Vocab
from charloom.core.runs.presets import PRESETS
from tests.bench.harness import Row, median, seconds, spread

_TIMES = 3  # repetitions of a speed
_SECONDS = 20.0
_PINNED = ["--threads", "2", "--precision"]
_PEAK_BYTES = (
    "import resource as r, subprocess as s, sys; s.run(sys.argv[1:], check=True, stdout=-3);"
)
_PEAK_BYTES += "print(r.getrusage(r.RUSAGE_CHILDREN).ru_maxrss * 1024)"
_MIB = 1 << 20


def speed_rows(text: Path, precision: str) -> list[Row]:
    """Compare the whole program, the bare loop and the textbook's, in turn."""
    ours, bare, textbook = [], [], []
    for _ in range(_TIMES):
        loop = ["tests.bench.bare_loop", str(text), str(_SECONDS), precision, "2"]
        bare.append(float(_module(*loop)))
        options = ["--preset", "medium", "--minutes", str(_SECONDS / 60), *_PINNED, precision]
        ours.append(speed(run_training(text, options)))
        report = json.loads(_module("tests.bench.textbook_loop", str(text), str(_SECONDS)))
        textbook.append(report["chars_per_second"])
    peak = _peak(precision)
    achieved = median(ours) * _operations(text)
    return [
        Row(
            "`charloom train`, H 512, characters/s",
            spread(ours, "{:,.0f}"),
            f"bare loop {spread(bare, '{:,.0f}')}",
            f"{median(ours) / median(bare):.1%}",
            "≥ 97 %",
        ),
        Row(
            "the same",
            spread(ours, "{:,.0f}"),
            f"textbook loop in float32 {spread(textbook, '{:,.0f}')}",
            f"{median(ours) / median(textbook):.1f} ×",
            "≥ 2.2 ×",
        ),
        Row(
            "the same, in operations/s",
            f"{achieved / 1e9:,.0f} G",
            f"matrix product in {precision} {peak / 1e9:,.0f} G",
            f"{achieved / peak:.0%}",
            "≥ 45 %",
        ),
    ]


def memory_row(text: Path) -> Row:
    """Compare the peak memory of training with that of importing torch."""
    with tempfile.TemporaryDirectory() as home:
        options = ["--minutes", "0.3", "--name", "bench", "--from", "none"]
        ours = _peak_bytes([*_charloom("train", str(text)), *options], home)
        alone = _peak_bytes([sys.executable, "-c", "import torch"], home)
    return Row(
        "training, peak memory",
        f"{ours / _MIB:,.0f} MiB",
        f"`import torch` {alone / _MIB:,.0f} MiB",
        f"+ {(ours - alone) / _MIB:,.0f} MiB",
        "+ 250 MiB at most",
    )


def quality_row(text: Path, duration: float, times: int, target: str) -> Row:
    """Train with ``--preset auto`` from scratch and report both measures on the held-out text."""
    carried, windowed = [], []
    for seed in range(times):
        options = ["--from", "none", "--minutes", str(duration / 60), "--seed", str(seed)]
        end = run_training(text, options)[-1]
        carried.append(end["val_loss"])
        windowed.append(end["val_windowed_256"])
    return Row(
        f"{text.stem}, {duration:g} s, `auto`, nats per character",
        f"carried {spread(carried, '{:.3f}')}, windowed-256 {spread(windowed, '{:.3f}')}",
        _references(text, duration),
        "",
        target,
    )


def _references(text: Path, duration: float) -> str:
    """Return the losses of other methods and, for a short run, of the textbook loop."""
    content = corpus.load(text).text
    vocab = Vocab.from_text(content)
    ids, cut = vocab.encode(content), len(content) - len(content) // 10
    losses = baselines.compute_baselines(ids[:cut], ids[cut:], vocab)
    references = f"5-gram {losses.five_gram:.3f}, `xz -9` {losses.xz:.3f}"
    if duration <= 180:
        loop = json.loads(_module("tests.bench.textbook_loop", str(text), str(duration)))
        references = f"textbook loop {loop['val_loss']:.3f}, {references}"
    return references


def run_training(text: Path, options: list[str]) -> list[dict[str, Any]]:
    """Train on ``text`` and return the events of the run."""
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [*_charloom("train", str(text)), "--name", "bench", *options, "--json"],
            check=True,
            capture_output=True,
            env=os.environ | {"CHARLOOM_HOME": home},
        )
    return [json.loads(line) for line in done.stdout.splitlines()]


def _charloom(*arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "charloom.tui.cli", *arguments]


def _module(*arguments: str) -> bytes:
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout


def speed(events: list[dict[str, Any]]) -> float:
    """Return the characters per second from the first report to the last, all work included."""
    config = next(event for event in events if event["event"] == "started")["training"]
    reports = [event for event in events if event["event"] == "progress"]
    first, last = reports[0], reports[-1]
    steps = last["step"] - first["step"]
    elapsed: float = last["elapsed_seconds"] - first["elapsed_seconds"]
    characters: int = steps * config["batch_size"] * config["window"]
    return characters / elapsed


def _operations(text: Path) -> float:
    """Return the floating-point operations of the matrix products in training on one character.

    Forward, two for each weight; backward, twice that, for the gradients of inputs and weights.
    """
    size = len(Vocab.from_text(corpus.load(text).text))
    model = PRESETS["medium"].configs(size, {})[0]
    weights = (
        4 * model.hidden_size * (model.embedding_dim + model.hidden_size) + model.hidden_size * size
    )
    return 6.0 * weights


def _peak(precision: str) -> float:
    """Return the operations per second of the fastest large matrix product."""
    torch.set_num_threads(2)
    return max(_rate(n, getattr(torch, precision)) for n in (512, 1024, 2048))


def _rate(n: int, kind: torch.dtype) -> float:
    a, b = torch.randn(n, n).to(kind), torch.randn(n, n).to(kind)
    best = min(seconds(lambda: a @ b) for _ in range(20))
    return 2.0 * n**3 / best


def _peak_bytes(command: list[str], home: str) -> int:
    """Return the peak memory of ``command`` or of a process that it starts, whichever is larger."""
    environment = os.environ | {"CHARLOOM_HOME": home}
    measured = [sys.executable, "-c", _PEAK_BYTES, *command]
    return int(subprocess.run(measured, check=True, capture_output=True, env=environment).stdout)
