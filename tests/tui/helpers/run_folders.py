"""Run folders with fixed events, so that the expected view is known."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock

from charloom.core.config import ModelConfig, TrainConfig
from charloom.core.data import corpus
from charloom.core.runs import events
from charloom.core.runs.events import (
    CheckpointSaved,
    Event,
    Finished,
    Progress,
    Sample,
    Started,
    Validated,
    bits,
)
from charloom.core.runs.run import create_run
from charloom.core.store.model_dir import ModelDir
from tests.helpers.child_process import TEXT

WRITTEN = (
    "the grey sea went on, and nobody spoke of the loom; the letter was the sea,\n"
    "and the sea was grey. Nobody went on but the loom, and the loom spoke of it."
)


def write_run(name: str, *past: Event, title: str = "The Grey Sea") -> ModelDir:
    """Create a run with these events."""
    text = corpus.from_bytes(TEXT.encode(), title=title, source="sea.txt")
    folder = create_run(name, text, "small", {}, 0)
    for event in past:
        events.record(folder, event)
    return folder


def course(steps: int = 4_200, total: int | None = 9_000, sample: str = WRITTEN) -> list[Event]:
    """Return the events of a run up to a step, with a report every hundred steps."""
    model, training = ModelConfig(71, 64, 512), TrainConfig(steps=total, threads=2)
    story: list[Event] = [
        Started(
            step=0,
            device="cpu",
            precision="bfloat16",
            threads=2,
            parameters=model.parameters,
            train_characters=400_000,
            held_out_characters=44_000,
            total_steps=total,
            uniform=math.log(71),
            unigram=3.31,
            bigram=2.45,
            five_gram=1.67,
            xz=1.74,
            model=model.to_json(),
            training=training.to_json(),
        )
    ]
    for step in range(100, steps + 1, 100):
        loss = 1.2 + 3.0 * math.exp(-step / 700) + 0.05 * math.sin(step / 130)
        share = step / (total or 9_000)
        story.append(
            Progress(
                step=step,
                epoch=step / 1_300,
                loss=loss,
                bits_per_char=bits(loss),
                lr=3e-3 * (1 - share / 2),
                chars_per_second=51_204.0,
                elapsed_seconds=step / 32,
                eta_seconds=((total or 9_000) - step) / 32,
                fraction=share,
            )
        )
        if step % 300 == 0:
            story.append(_validated(step))
            story.append(CheckpointSaved(step, f"step-{step:08d}.safetensors"))
    return [*story, Sample(steps, sample)]


def learned_by_heart(steps: int) -> list[Event]:
    """Return losses that diverge at step 2,000: from there on the validation loss rises."""
    story: list[Event] = course()[:1]
    for step in range(200, steps + 1, 200):
        story.append(Progress(step, 0.5, 3.0 - step / 4_000, 3.0, 0.004, 51_204.5, 1.5, 2.5, 0.3))
        story.append(Validated(step, 2.5 + abs(step - 2_000) / 4_000, 3.0, 2.5, 2_000, 24_000, 0.1))
    return story


def end(reason: str = "completed", message: str = "") -> Finished:
    """Return the last event of the run in :func:`course`."""
    if reason == "failed":
        return Finished.failed(message)
    return Finished(
        step=4_200,
        reason=reason,
        val_loss=1.3301,
        val_bits_per_char=bits(1.3301),
        val_windowed_256=1.3702,
        best_val_loss=1.3288,
        best_step=4_200,
        elapsed_seconds=131.0,
    )


@contextmanager
def at_work(folder: ModelDir) -> Iterator[None]:
    """Hold the lock of a run, like its trainer."""
    with FileLock(folder.lock):
        yield


def _validated(step: int) -> Validated:
    loss = 1.33 + 3.0 * math.exp(-step / 650)
    return Validated(
        step=step,
        val_loss=loss,
        val_bits_per_char=bits(loss),
        best_val_loss=loss,
        best_step=step,
        counted_characters=24_000,
        seconds=0.1,
    )
