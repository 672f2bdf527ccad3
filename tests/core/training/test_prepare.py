from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.core.analysis.baselines import compute_baselines
from charloom.core.config import ModelConfig, TrainConfig
from charloom.core.data.vocab import Vocab
from charloom.core.data.words import pack_words, unpack_words
from charloom.core.errors import CharloomError
from charloom.core.model.metadata import CorpusInfo
from charloom.core.runs.run import read_run_config, write_run_config
from charloom.core.training.prepare import prepare, prepare_async
from charloom.core.training.session import resolve
from charloom.core.training.task import TrainingTask
from tests.helpers.child_process import TEXT
from tests.helpers.small_models import create


@settings(max_examples=40)
@given(characters=st.integers(1, 500), share=st.floats(0, 0.5))
def test_held_out_text_is_the_end_and_never_trained_on(characters: int, share: float) -> None:
    text = (TEXT * 2)[:characters]
    vocab, corpus = Vocab.from_text(text), CorpusInfo("", "0" * 64, characters, "")
    training = TrainConfig(held_out=share)
    task = TrainingTask.from_ids(
        vocab.encode(text), vocab, corpus, ModelConfig(len(vocab)), training
    )
    assert vocab.decode(np.concatenate([task.train_ids, task.held_out_ids])) == text
    assert len(task.held_out_ids) == int(characters * share)


def test_the_known_words_are_those_that_are_trained_on() -> None:
    _, task = prepare(create())
    trained = TEXT[: len(task.train_ids)]
    assert task.words == pack_words(trained, set(TEXT)) and unpack_words(task.words)


def test_a_tenth_is_held_out_by_default() -> None:
    _, task = prepare(create())
    assert len(task.held_out_ids) == len(TEXT) // 10


@pytest.mark.parametrize("overrides", [{}, {"held_out": 0.25}, {"held_out": 0.0}])
def test_the_baselines_of_a_run_are_of_the_text_that_it_holds_out(
    overrides: dict[str, Any],
) -> None:
    folder = create(**overrides)
    config, task = prepare_async(folder).result()
    cut = len(TEXT) - int(len(TEXT) * overrides.get("held_out", 0.1))
    ids = Vocab.from_text(TEXT).encode(TEXT)
    assert config == read_run_config(folder) and task.vocab == Vocab.from_text(TEXT)
    assert (task.train_ids.tolist(), task.held_out_ids.tolist()) == (
        ids[:cut].tolist(),
        ids[cut:].tolist(),
    )
    assert task.baselines == compute_baselines(ids[:cut], ids[cut:], task.vocab)
    write_run_config(folder, resolve(config, task)[0])
    assert prepare_async(folder).result()[1].baselines == task.baselines


def test_errors_of_the_preparation_are_raised_by_its_result() -> None:
    folder = create()
    folder.corpus.unlink()
    with pytest.raises(CharloomError, match="The text of 'small' is missing or was changed"):
        prepare_async(folder).result()
    folder.run_config.unlink()
    with pytest.raises(CharloomError, match=r"'small' has no readable run\.json"):
        prepare_async(folder).result()


def test_a_text_too_large_for_memory_is_not_taken_for_the_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    folder = create()
    monkeypatch.setattr(Vocab, "encode_narrow", fail)
    with pytest.raises(
        CharloomError, match=r"^There is not enough memory for the text '.*'; "
    ) as e:
        prepare(folder)
    assert "hidden" not in str(e.value) and "batch" not in str(e.value)
