"""Training on a GPU: how soon it is as good as nanoGPT, and its speed. No rows without CUDA."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from tests.bench.harness import Row
from tests.bench.training import run_training, speed

_TARGET = 1.4697  # nats on tinyshakespeare, which nanoGPT reports after about 3 minutes on an A100
_SPEED_SECONDS = 20.0


def rows(text: Path) -> Iterator[Row]:
    """Yield the rows that the GPU of this machine gives, for tinyshakespeare as ``text``."""
    if not torch.cuda.is_available():
        return
    name = torch.cuda.get_device_name()
    events = run_training(text, ["--from", "none", "--device", "cuda", "--minutes", "2"])
    seconds = seconds_to(events, _TARGET)
    yield Row(
        f"{text.stem} on {name}, to {_TARGET} nats",
        "not reached" if seconds is None else f"{seconds:.0f} s",
        "nanoGPT about 180 s on an A100",
        "",
        "≤ 20 s on an H200",
    )
    for hidden in (512, 1024, 2048):
        options = ["--hidden", str(hidden), "--batch", "512", "--window", "64", "--device", "cuda"]
        minutes = ["--preset", "medium", "--minutes", str(_SPEED_SECONDS / 60)]
        reached = speed(run_training(text, [*options, *minutes]))
        yield Row(f"training on {name}, H {hidden}", f"{reached:,.0f} characters/s", "", "", "")


def seconds_to(events: list[dict[str, Any]], nats: float) -> float | None:
    """Return the seconds of a run until a validation measured ``nats`` or less; None if never."""
    elapsed: float = 0.0
    for event in events:
        elapsed = event.get("elapsed_seconds", elapsed)
        if event["event"] == "validated" and event["val_loss"] <= nats:
            return float(elapsed)
    return None
