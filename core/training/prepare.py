"""What a run is made from: its plan, its text, and what the simplest predictions of that come to.

All this is got in a thread, while the trainer still imports torch, and delays nothing.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from charloom.core.analysis.baselines import Baselines, compute_baselines
from charloom.core.config import TrainConfig
from charloom.core.data.vocab import Vocab
from charloom.core.runs.presets import PRESETS
from charloom.core.runs.run import RunConfig, read_run_config, read_training_text
from charloom.core.runs.training_text import TrainingText
from charloom.core.store.model_dir import ModelDir


@dataclass(frozen=True, slots=True)
class PreparedData:
    """The plan of a run as it was left, and the text that it is for."""

    plan: RunConfig
    text: str = field(repr=False)
    vocab: Vocab
    baselines: Baselines


def prepare_async(folder: ModelDir) -> Future[PreparedData]:
    """Begin to get the material of the run in ``folder``; the result raises what went wrong."""
    pool = ThreadPoolExecutor(1)
    coming = pool.submit(_read, folder)
    pool.shutdown(wait=False)
    return coming


def _read(folder: ModelDir) -> PreparedData:
    plan = read_run_config(folder)
    text = read_training_text(folder, plan)
    vocab = Vocab.from_text(text, plan.fold)
    learned = TrainingText(plan.title, text, _held_out(plan))
    return PreparedData(
        plan, text, vocab, compute_baselines(learned.train, learned.held_out, vocab)
    )


def _held_out(plan: RunConfig) -> float:
    """Return which share of the text is held out, as is settled or will be."""
    if plan.training:
        return TrainConfig.from_json(plan.training).held_out
    preset = PRESETS.get(plan.preset, PRESETS["medium"])  # auto does not choose this
    return preset.settings(1, plan.chosen)[1].held_out
