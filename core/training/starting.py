"""Choose what a run starts from, and the settings of one that starts from scratch."""

from dataclasses import replace

from charloom.core.config import ModelConfig, TrainConfig
from charloom.core.model.torch_lstm import CharLSTM
from charloom.core.runs.events import bits
from charloom.core.runs.presets import DEFAULT_MINUTES, PRESETS, auto_preset, max_hidden_size, widen
from charloom.core.runs.run import RunConfig
from charloom.core.training.autotune import tune_compute
from charloom.core.training.evaluation import windowed
from charloom.core.training.task import TrainingTask

_MAX_CHARACTERS = 24_000  # held-out ones that the base is measured on
# Nats per character by which the base may begin worse than a 5-gram of the text, which is about
# what a network from scratch reaches in a minute: training makes up for it. English of any kind,
# with code in between, begins 0.9 worse at most; other languages and plain code, 2.7 and more.
_MAX_EXCESS = 1.2


def choose_start(config: RunConfig, task: TrainingTask) -> tuple[RunConfig, TrainingTask]:
    """Return ``config`` and ``task`` with their base or without, whichever promises more.

    The base is kept if it predicts the held-out text, before any training, not much worse than a
    5-gram of the text does, unless text and time suffice for a larger network than it is.
    """
    keep, note = _judge(config, task) if task.start else (False, "")
    config = replace(config, on_trial=False).with_training_note(note)
    if keep:
        return config, task
    config = replace(config, base=None)
    model_config, train_config = auto_configs(config, task)
    task = replace(task, model_config=model_config, train_config=train_config)
    return config, replace(task, base=None, start=None)


def _judge(config: RunConfig, task: TrainingTask) -> tuple[bool, str]:
    """Return whether to start from the base, and why."""
    base, baseline = config.base, task.baselines.five_gram
    if _is_outgrown(config, task):
        return False, f"Starts from scratch: there is time for a larger network than {base}."
    if baseline is None:
        return False, f"Starts from scratch: too little text is held out to try {base}."
    loss = _loss_before_training(task)
    keep = loss <= baseline + _MAX_EXCESS
    return keep, (
        f"Starts from {base if keep else 'scratch'}: before training, {base} takes "
        f"{bits(loss):.2f} bits/char on the held-out text, a 5-gram {bits(baseline):.2f}."
    )


def auto_configs(config: RunConfig, task: TrainingTask) -> tuple[ModelConfig, TrainConfig]:
    """Return the settings of a start from scratch for the text, the machine and the minutes."""
    vocab_size, characters, overrides = len(task.vocab), task.corpus.characters, config.overrides
    medium, training = PRESETS["medium"].configs(vocab_size, overrides)
    compute = tune_compute(medium, training)
    on_gpu = compute.device.type == "cuda"
    if on_gpu:
        compute = tune_compute(medium, widen(training, characters, overrides))
    seconds = (training.minutes or DEFAULT_MINUTES) * 60
    preset = auto_preset(characters, seconds, compute.chars_per_second, vocab_size)
    model, training = preset.configs(vocab_size, overrides)
    return model, widen(training, characters, overrides) if on_gpu else training


def _is_outgrown(config: RunConfig, task: TrainingTask) -> bool:
    """Return whether text and time suffice for a larger network than the base."""
    hidden = task.model_config.hidden_size
    if max_hidden_size(task.corpus.characters) <= hidden:  # nothing needs to be timed
        return False
    return auto_configs(config, task)[0].hidden_size > hidden


def _loss_before_training(task: TrainingTask) -> float:
    assert task.start
    network = CharLSTM(task.model_config)
    network.load(task.start)
    return windowed(network, task.held_out_ids, limit=_MAX_CHARACTERS).nats
