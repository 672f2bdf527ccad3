"""Read the config and text of a run in a thread, while the trainer still imports torch."""

import math
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from charloom.core.config import TrainConfig, train_characters
from charloom.core.data.spool import MAX_MEMORY_BYTES
from charloom.core.data.text_file import TextPart
from charloom.core.data.vocab import Vocab
from charloom.core.data.words import pack_words
from charloom.core.errors import CharloomError, memory_for
from charloom.core.model.checkpoint import Checkpoint
from charloom.core.runs import events
from charloom.core.runs.events import Preparing
from charloom.core.runs.jsonl import file_size
from charloom.core.runs.presets import PRESETS
from charloom.core.runs.run import RunConfig, read_run_config, read_training_corpus
from charloom.core.runs.starting import describe_corpus
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import load_from, read_model
from charloom.core.training.ids import training_ids
from charloom.core.training.task import TrainingTask

_PATIENCE_SECONDS, _REPORT_SECONDS = 1.0, 0.5


class _Report:
    """Reports how much of a long text was read, the first time for its characters, then for ids."""

    def __init__(self, folder: ModelDir) -> None:
        self._folder, self._done = folder, 0
        size = file_size(folder.corpus)
        self._total = 2 * size
        is_long = size > MAX_MEMORY_BYTES
        self._next = time.monotonic() + _PATIENCE_SECONDS if is_long else math.inf

    def add(self, size: int) -> None:
        """Count ``size`` bytes or characters more, and report them from time to time."""
        self._done += size
        if (now := time.monotonic()) > self._next:
            self._next = now + _REPORT_SECONDS
            with suppress(OSError):  # such as a full disk, which is found where it matters
                events.record(self._folder, Preparing(self._done / self._total))


def prepare_async(
    folder: ModelDir, processes: int | None = None
) -> Future[tuple[RunConfig, TrainingTask]]:
    """Start :func:`prepare` in a thread; the future raises its errors."""
    pool = ThreadPoolExecutor(1)
    prepared = pool.submit(prepare, folder, processes)
    pool.shutdown(wait=False)
    return prepared


def prepare(folder: ModelDir, processes: int | None = None) -> tuple[RunConfig, TrainingTask]:
    """Return the config of the run in ``folder`` and its task, encoded once and cut once.

    ``processes`` is the number to train with from now on; None leaves it as it is.

    In a run that was never trained, the task has the settings of the preset, or of ``medium`` for
    ``auto``; :func:`core.training.session.resolve` completes them. Raises :class:`CharloomError`
    when a file is missing or damaged, or the text too large.
    """
    config = read_run_config(folder)
    if processes:
        config = replace(config, overrides={**config.overrides, "processes": processes})
    with memory_for(f"the text {config.title!r}", "train on a part of it"):  # the network is later
        return config, _task(folder, config)


def _task(folder: ModelDir, config: RunConfig) -> TrainingTask:
    report = _Report(folder)
    corpus = read_training_corpus(folder, config, report.add)
    vocab = Vocab.from_counts(corpus.counts, config.min_count, config.kept_characters)
    start = _first_checkpoint(folder, config)
    if config.model and config.training:
        model_config, train_config = config.model, config.training
    elif start:
        model_config, train_config = start.model, start.training
    else:
        preset = PRESETS.get(config.preset, PRESETS["medium"])
        model_config, train_config = preset.configs(len(vocab), config.overrides)
    ids = training_ids(folder, config, corpus.stored, vocab, report.add)
    info = describe_corpus(corpus)
    trained = TextPart(corpus.stored, 0, train_characters(len(ids), train_config.held_out))
    with ThreadPoolExecutor(1) as pool:
        words = pool.submit(pack_words, trained, vocab.c2ix, _base_words(folder, config, start))
        task = TrainingTask.from_ids(ids, vocab, info, model_config, train_config)
    weights = start.tensors if start else None
    return replace(task, base=config.base, start=weights, words=words.result())


def read_train_ids(folder: ModelDir, config: TrainConfig) -> NDArray[np.integer]:
    """Return the ids that the run in ``folder`` trains on, as in its :class:`TrainingTask`."""
    run = read_run_config(folder)
    corpus = read_training_corpus(folder, run)
    vocab = Vocab.from_counts(corpus.counts, run.min_count, run.kept_characters)
    ids = training_ids(folder, run, corpus.stored, vocab)
    return ids[: train_characters(len(ids), config.held_out)]


def _base_words(folder: ModelDir, config: RunConfig, start: Checkpoint | None) -> bytes:
    """Return the list of known words of the run's base, which all checkpoints of the run have."""
    if config.base and start is None:
        with suppress(CharloomError):  # all are damaged or gone
            start = load_from(read_model(folder), "last").checkpoint
    return start.words if start else b""


def _first_checkpoint(folder: ModelDir, config: RunConfig) -> Checkpoint | None:
    """Return the checkpoint of step 0 of a run from a base."""
    model = read_model(folder)
    if config.base is None or (config.on_trial and model.newest is None):
        return None  # in the latter case, a trainer that took scratch was killed
    if folder.resume_state.exists() or (model.newest and model.newest.step):
        with suppress(CharloomError):  # the weights are needed only for an average at the end
            return load_from(model, "0").checkpoint
        return None
    return load_from(model, "0").checkpoint
