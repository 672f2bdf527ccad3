"""Runs that start from a trained model."""

import shutil
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from charloom.core import paths
from charloom.core.data import corpus
from charloom.core.data.corpus import Corpus
from charloom.core.data.vocab import Vocab
from charloom.core.data.words import pack_words, unpack_words
from charloom.core.errors import CharloomError, SettingError
from charloom.core.model import checkpoint
from charloom.core.model.checkpoint import Checkpoint
from charloom.core.model.graft import graft
from charloom.core.model.metadata import BaseInfo, CorpusInfo
from charloom.core.runs.events import (
    CheckpointSaved,
    Finished,
    Started,
    Validated,
)
from charloom.core.runs.run import create_run, read_run_config, write_run_config
from charloom.core.runs.trainer import EventReader
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import find_model, load_checkpoint
from charloom.core.training import session
from charloom.core.training.prepare import prepare
from charloom.core.training.session import resolve
from tests.helpers.child_process import TEXT
from tests.helpers.factories import random_checkpoint, ref, save_model

CHARACTERS = f"{TEXT}QXZé"
FAST: dict[str, Any] = {"batch_size": 4, "window": 16, "threads": 1, "precision": "float32"}


@pytest.fixture
def base() -> Checkpoint:
    """The checkpoint ``old@7``, of a model that has others."""
    save_model("old", random_checkpoint(CHARACTERS, step=9, seed=1))
    saved = random_checkpoint(
        CHARACTERS, layers=2, step=7, seed=2, words=pack_words("walked QXZ", CHARACTERS)
    )
    save_model("old", saved)
    return saved


def a_text(text: str = TEXT) -> Corpus:
    return corpus.from_bytes(text.encode(), title="sea", source="sea.txt")


def create(start: str = "old@7", keep_vocab: bool = False, **overrides: Any) -> ModelDir:
    return create_run("new", a_text(), "auto", FAST | overrides, 0, start, keep_vocab)


def test_the_first_checkpoint_is_the_base_with_the_characters_of_the_text(
    base: Checkpoint,
) -> None:
    folder = create()
    first = load_checkpoint(ref("new@0")).checkpoint
    assert first.vocab == Vocab.from_text(TEXT) and first.corpus.title == "sea"
    assert replace(first.model, dropout=0.0) == replace(base.model, vocab_size=len(first.vocab))
    for name, tensor in graft(base, first.vocab).items():
        np.testing.assert_array_equal(first.tensors[name], tensor)
    path = find_model("old").candidates("7")[0].path
    assert first.base == BaseInfo("old", 7, checkpoint.load(path).sha256)
    assert read_run_config(folder).base == first.base


def test_the_base_may_be_lost_once_the_run_is_created(base: Checkpoint) -> None:
    folder = create()
    shutil.rmtree(paths.models_dir() / "old")
    config, task = prepare(folder)
    assert task.base == config.base and task.start is not None
    np.testing.assert_array_equal(
        task.start["lstm.weight_hh_l1"], base.tensors["lstm.weight_hh_l1"]
    )


def test_characters_that_the_text_lacks_are_kept_on_request(base: Checkpoint) -> None:
    folder = create(keep_vocab=True)
    assert load_checkpoint(ref("new")).checkpoint.vocab == base.vocab
    config, task = prepare(folder)
    write_run_config(folder, resolve(config, task)[0])
    assert prepare(folder)[1].vocab == task.vocab == base.vocab
    with pytest.raises(SettingError, match="‘keep-vocab’ needs a model to start from"):
        create_run("other", a_text(), "auto", {}, 0, "none", True)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"hidden_size": 9}, "‘hidden’ is 8 in old@7, from which the run starts; leave it out."),
        ({"layers": 1}, "‘layers’ is 2 in old@7"),
        ({"embedding_dim": 8}, "‘embedding’ is 4 in"),
        ({"tie_weights": True}, "‘tied’ is off in"),
    ],
)
@pytest.mark.usefixtures("base")
def test_sizes_are_those_of_the_base(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        create(**overrides)
    assert find_model("old") and not ModelDir.named("new").path.exists()


@pytest.mark.usefixtures("base")
def test_the_same_sizes_and_other_settings_may_be_given() -> None:
    config, task, _ = resolve(*prepare(create(hidden_size=8, layers=2, window=8, dropout=0.5)))
    assert config.training and config.model
    assert (config.training.window, config.model.dropout) == (8, 0.5)
    assert task.train_config.minutes == 3


def test_a_new_text_is_read_a_few_times_and_the_text_of_the_base_as_long_as_is_asked(
    base: Checkpoint,
) -> None:
    own = CorpusInfo("sea", a_text().sha256, len(TEXT), TEXT[:9])
    save_model("old", replace(base, corpus=own, step=8))

    def most(name: str, start: str, **overrides: Any) -> float | None:
        create_run(name, a_text(), "auto", FAST | overrides, 0, start)
        return load_checkpoint(ref(f"{name}@0")).checkpoint.training.max_epochs

    assert most("one", "old@8") is None
    assert most("two", "old@7") == most("three", "old@7", minutes=9) == 5
    assert most("four", "old@7", max_epochs=7) == 7
    assert most("five", "old@7", epochs=20) is None
    assert most("six", "old@7", steps=20) is None


@pytest.mark.usefixtures("base")
def test_what_contradicts_a_base_is_refused() -> None:
    with pytest.raises(SettingError, match="‘preset’ 'small' is a start from scratch"):
        create_run("new", a_text(), "small", {}, 0, "old")
    with pytest.raises(CharloomError, match="no model called 'odl'; did you mean 'old'"):
        create("odl")


def test_the_held_out_part_of_a_text_stays_held_out(base: Checkpoint) -> None:
    """Most of any other part would have been trained on."""
    text = a_text()
    seen = CorpusInfo(text.title, text.sha256, len(TEXT), TEXT[:9])
    old = replace(base, corpus=seen, training=replace(base.training, held_out=0.25), step=8)
    save_model("old", old)
    _, task = prepare(create("old@8"))
    vocab = Vocab.from_text(TEXT)
    assert vocab.decode(task.held_out_ids) == TEXT[-(len(TEXT) // 4) :]
    with pytest.raises(SettingError, match=r"‘held-out’ must stay 0\.25: old@8 was trained on"):
        create_run("other", text, "auto", {"held_out": 0.1}, 0, "old@8")
    other = create_run("other", a_text(f"{TEXT}More."), "auto", {"held_out": 0.1}, 0, "old@8")
    assert len(prepare(other)[1].held_out_ids) == len(f"{TEXT}More.") // 10


@pytest.mark.usefixtures("base", "torch_as_it_was")
@pytest.mark.parametrize("resuming", [False, True])
def test_training_starts_with_the_score_of_the_base(resuming: bool) -> None:
    """Also if it was killed before it had saved anything."""
    folder = create(steps=3)
    if resuming:
        config, task = prepare(folder)
        write_run_config(folder, resolve(config, task)[0])  # as far as the first trainer came
    reader = EventReader(folder)
    session.run(folder, *prepare(folder), resuming, lambda: None)
    seen = list(reader.events(lambda: False))
    started, validated, saved = seen[:3]
    assert isinstance(started, Started) and (started.step, started.base) == (0, "old@7")
    assert isinstance(validated, Validated) and validated.step == 0
    assert isinstance(saved, CheckpointSaved) and saved.step == 0
    assert isinstance(seen[-1], Finished) and seen[-1].step == 3
    first, last = (load_checkpoint(ref(f"new@{step}")).checkpoint for step in (0, 3))
    assert first.losses.validation == validated.val_loss and first.base == last.base
    known = unpack_words(last.words)  # of the text, and those of the base that can be written
    assert known == sorted({"walked", *unpack_words(pack_words(TEXT, TEXT))})
    assert prepare(folder)[1].words == last.words
