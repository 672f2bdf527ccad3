"""What a run starts from, where that is left open."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charloom.core.analysis.baselines import compute_baselines
from charloom.core.analysis.scoring import windowed
from charloom.core.config import train_characters
from charloom.core.data import corpus
from charloom.core.data.corpus import Corpus
from charloom.core.data.vocab import Vocab
from charloom.core.model.checkpoint import Checkpoint
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.runs.events import Finished, RunWarning, Started, bits
from charloom.core.runs.run import create_run, read_run_config
from charloom.core.runs.starting import AUTO_BASE
from charloom.core.runs.trainer import EventReader
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import find_model, load_checkpoint
from charloom.core.training import session
from charloom.core.training.loop import train
from charloom.core.training.prepare import prepare
from charloom.core.training.session import resolve
from tests.helpers.factories import damage, own_assets, random_checkpoint, ref, save_model
from tests.helpers.training_tasks import CPU, MemorySink, small_task

pytestmark = pytest.mark.usefixtures("torch_as_it_was")
_WORDS = [
    "the",
    "wind",
    "was",
    "low",
    "and",
    "loom",
    "still;",
    "nobody",
    "spoke",
    "of",
    "a",
    "letter",
]
TEXT = " ".join(random.Random(0).choices(_WORDS, k=800))
FAST: dict[str, Any] = {"batch_size": 4, "window": 16, "threads": 1, "precision": "float32"}


@pytest.fixture(autouse=True)
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no model be bundled: each test has an ``english`` of its own, or none."""
    own_assets(tmp_path / "packages", monkeypatch)


@pytest.fixture(scope="module")
def english() -> Checkpoint:
    """A network that has learned such texts, but not this one; ``auto`` chooses no larger one."""
    others = " ".join(random.Random(1).choices(_WORDS, k=800))
    sink = MemorySink()
    task = small_task(others, hidden_size=64, steps=150, batch_size=16)
    assert list(train(task, CPU, sink))
    return sink.checkpoints[150]


def a_text(text: str = TEXT) -> Corpus:
    return corpus.from_bytes(text.encode(), title="sea", source="sea.txt")


def create(text: str = TEXT, preset: str = "auto", base: str = "auto", **more: Any) -> ModelDir:
    return create_run("new", a_text(text), preset, {"steps": 2} | FAST | more, 0, base)


def run(folder: ModelDir) -> tuple[Started, list[str]]:
    """Train a run in this process; return its first event and its warnings."""
    reader = EventReader(folder)
    session.run(folder, *prepare(folder), False, lambda: None)
    started, *rest = reader.events(lambda: False)
    assert isinstance(started, Started) and isinstance(rest[-1], Finished)
    return started, [event.message for event in rest if isinstance(event, RunWarning)]


def test_a_base_that_predicts_the_text_well_is_taken(english: Checkpoint) -> None:
    save_model(AUTO_BASE, english)
    folder = create()
    started, warnings = run(folder)
    assert read_run_config(folder).notes == []  # those of the text, for other runs on it
    assert started.base == "english@150" and started.model["hidden_size"] == 64
    assert not read_run_config(folder).on_trial
    vocab, cut = Vocab.from_text(TEXT), train_characters(len(TEXT), 0.1)
    ids = vocab.encode(TEXT)
    five_gram = compute_baselines(ids[:cut], ids[cut:], vocab).five_gram
    assert five_gram is not None and vocab == english.vocab
    loss = windowed(NumpyLSTM(english), TEXT[cut:]).nats_per_char
    assert warnings == [
        f"Starts from english@150: before training, english@150 takes {bits(loss):.2f} bits/char "
        f"on the held-out text, a 5-gram {bits(five_gram):.2f}."
    ]


def test_a_resumed_run_knows_the_weights_that_it_started_from(english: Checkpoint) -> None:
    save_model(AUTO_BASE, english)
    folder = create()
    run(folder)
    assert folder.resume_state.exists()
    start = prepare(folder)[1].start
    assert start
    for name, weights in english.tensors.items():
        assert (start[name] == weights).all()
    damage(folder.checkpoint(0))
    assert prepare(folder)[1].start is None  # it can be trained on


def test_a_base_that_predicts_the_text_badly_is_dropped(english: Checkpoint) -> None:
    strange = {name: tensor[::-1].copy() for name, tensor in english.tensors.items()}
    save_model(AUTO_BASE, replace(english, tensors=strange))
    folder = create()
    assert find_model("new").checkpoints
    started, (warning,) = run(folder)
    assert started.base == "" and warning.startswith("Starts from scratch: before training, engl")
    config = read_run_config(folder)
    assert config.base is None and not config.on_trial
    saved = load_checkpoint(ref("new@last")).checkpoint
    assert saved.step == 2 and saved.base is None
    assert find_model("new").checkpoints[0].step > 0


def test_a_base_that_is_smaller_than_needed_is_dropped() -> None:
    save_model(AUTO_BASE, random_checkpoint(TEXT))
    started, (warning,) = run(create())
    assert started.base == "" and started.model["hidden_size"] == 64
    assert warning == "Starts from scratch: there is time for a larger network than english@100."


def test_a_trainer_killed_between_its_decision_and_the_config_starts_from_scratch(
    english: Checkpoint,
) -> None:
    save_model(AUTO_BASE, english)
    folder = create()
    folder.checkpoint(0).unlink()
    assert run(folder)[0].base == ""


@pytest.mark.parametrize(
    "options",
    [
        {"preset": "small"},
        {"base": "none"},
        {"hidden_size": 8},
        {"text": "День был тих. " * 60},
    ],
    ids=str,
)
def test_the_base_is_not_tried_where_it_does_not_apply(
    options: dict[str, Any], english: Checkpoint
) -> None:
    save_model(AUTO_BASE, english)
    config, task, _ = resolve(*prepare(create(**options)))
    assert config.base is None and not config.on_trial and task.start is None
    assert not find_model("new").checkpoints


def test_a_few_new_characters_are_no_obstacle(english: Checkpoint) -> None:
    save_model(AUTO_BASE, english)
    config = read_run_config(create(f"{TEXT} “é—”"))
    assert config.on_trial and str(config.base) == "english@150"
    assert np.isfinite(load_checkpoint(ref("new@0")).checkpoint.tensors["head.weight"]).all()


def test_a_damaged_base_is_left_alone(english: Checkpoint) -> None:
    damage(save_model(AUTO_BASE, english))
    assert read_run_config(create()).base is None
    with pytest.raises(Exception, match="english"):
        create_run("other", a_text(), "auto", FAST, 0, "english")
