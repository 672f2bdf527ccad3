"""What a run is made from: its plan, its text, and what the simplest predictions of that come to.

All this is got in a thread, while the trainer still imports torch, and delays nothing.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from charloom.core.analysis.baselines import Baselines, measured
from charloom.core.config import TrainSettings
from charloom.core.data.vocab import Vocab
from charloom.core.runs import run as runs
from charloom.core.runs.presets import PRESETS
from charloom.core.runs.run import Plan
from charloom.core.runs.training_text import Origin


@dataclass(frozen=True, slots=True)
class Material:
    """The plan of a run as it was left, and the text that it is for."""

    plan: Plan
    text: str = field(repr=False)
    vocab: Vocab
    baselines: Baselines


def prepare(folder: Path) -> Future[Material]:
    """Begin to get the material of the run in ``folder``; the result raises what went wrong."""
    pool = ThreadPoolExecutor(1)
    coming = pool.submit(_read, folder)
    pool.shutdown(wait=False)
    return coming


def _read(folder: Path) -> Material:
    plan = runs.read_plan(folder)
    text = runs.read_text(folder, plan)
    vocab = Vocab.from_text(text, plan.fold)
    learned = Origin(plan.title, text, _held_out(plan))
    return Material(plan, text, vocab, measured(learned.train, learned.held_out, vocab))


def _held_out(plan: Plan) -> float:
    """Return which share of the text is held out, as is settled or will be."""
    if plan.training:
        return TrainSettings.from_json(plan.training).held_out
    preset = PRESETS.get(plan.preset, PRESETS["medium"])  # auto does not choose this
    return preset.settings(1, plan.chosen)[1].held_out
