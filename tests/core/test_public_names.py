"""The public interface, ``from charloom.core import …``: lazy, complete and typed."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import assert_type

import pytest

import charloom.core as core
from charloom.core import (
    CharloomError,
    Event,
    Finished,
    NumpyLSTM,
    SamplingConfig,
    Score,
    generate,
    list_models,
    load_network,
    load_text,
    score,
    train_model,
)
from charloom.core.analysis import scoring
from charloom.core.runs.monitor import is_training
from charloom.core.runs.run import read_run_config
from charloom.core.store.model_dir import ModelDir
from tests.helpers.child_process import TEXT
from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.small_models import SMALL


def test_every_public_name_can_be_imported() -> None:
    for module, names in core._MODULES.items():
        defined = importlib.import_module(f"charloom.core.{module}")
        for name in names:
            assert getattr(core, name) is getattr(defined, name)
    assert sorted(name for names in core._MODULES.values() for name in names) == core.__all__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = core.nonsense


def test_an_error_is_imported_without_the_network_or_its_libraries(tmp_path: Path) -> None:
    code = "import sys; from charloom.core import CharloomError; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert not {"numpy", "torch", "charloom.core.model"}.intersection(done.stdout.split())


def test_a_text_is_loaded_trained_on_and_sampled_from(tmp_path: Path) -> None:
    (tmp_path / "sea.txt").write_text(TEXT)
    corpus = load_text(str(tmp_path / "sea.txt"))
    events = train_model(corpus, "sea", "small", 2, steps=30, **SMALL)
    assert_type(events, Iterator[Event])
    *_, last = events
    assert isinstance(last, Finished) and last.step == 30
    assert read_run_config(ModelDir.named("sea")).sha256 == corpus.sha256
    assert [model.name for model in list_models() if not model.bundled] == ["sea"]

    network = load_network("sea@last")
    assert_type(network, NumpyLSTM)
    text = generate(network, "The sea", 50, SamplingConfig(0.5), seed=3)
    assert len(text) == 50 and set(text) <= set(TEXT)
    assert generate(network, "The sea", 50, SamplingConfig(0.5), seed=3) == text
    with pytest.raises(CharloomError, match="'☃'"):
        generate(network, "The sea☃")
    assert generate(network, "The sea", 50, SamplingConfig(0.5), seed=3, stop=text[9]) in text[:10]


def test_a_training_that_is_left_early_is_stopped_and_saved(tmp_path: Path) -> None:
    (tmp_path / "sea.txt").write_text(TEXT)
    events = train_model(load_text(str(tmp_path / "sea.txt")), "sea", "small", minutes=60, **SMALL)
    for event in events:
        if event.event == "progress":
            break
    events.close()  # type: ignore[attr-defined]
    folder = ModelDir.named("sea")
    while is_training(folder):
        pass
    assert load_network("sea")


def test_a_setting_out_of_range_is_refused_before_a_run_is_made(tmp_path: Path) -> None:
    (tmp_path / "sea.txt").write_text(TEXT)
    corpus = load_text(str(tmp_path / "sea.txt"))
    with pytest.raises(CharloomError, match="‘layers’"):
        next(train_model(corpus, "sea", layers=99))
    assert not ModelDir.named("sea").path.exists()


def test_a_score_is_carried_or_windowed() -> None:
    save_model("weaver", random_checkpoint())
    network = load_network("weaver")
    assert_type(score(network, "the loom"), Score)
    assert score(network, "the loom") == scoring.carried(network, "the loom")
    assert score(network, "the loom", 3) == scoring.windowed(network, "the loom", 3)
