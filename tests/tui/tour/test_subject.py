from pathlib import Path
from typing import Any

import pytest

from charloom.core.data import corpus
from charloom.core.data.corpus import Corpus
from charloom.core.data.vocab import PLACEHOLDER
from charloom.core.errors import CharloomError
from charloom.core.model.metadata import CorpusInfo
from charloom.core.runs.run import read_run_config
from charloom.tui.tour import subject as subject_module
from charloom.tui.tour.subject import TourSubject, load_subject
from tests.helpers.child_process import TEXT
from tests.helpers.factories import checkpoint_path, damage, random_checkpoint, ref, save_model
from tests.helpers.small_models import create


def text(content: str) -> Corpus:
    return corpus.from_bytes(content.encode(), title="mine", source="mine.txt", short=True)


def of(content: str, vocab: str = TEXT, **over: Any) -> TourSubject:
    save_model("weaver", random_checkpoint(vocab, **over))
    return load_subject(ref("weaver"), lambda: text(content))


def test_the_default_text_is_the_training_text_of_the_model() -> None:
    sha256 = read_run_config(create("weaver")).sha256
    card = CorpusInfo("sea", sha256, len(TEXT), "abc")
    save_model("weaver", random_checkpoint(TEXT, corpus=card))
    subject = load_subject(ref("weaver"))
    assert subject.is_training_text and subject.source == "sea.txt" and subject.title == "sea"
    assert subject.ref == ref("weaver@100") and subject.path == checkpoint_path("weaver@100")
    assert (subject.characters, subject.held_out) == (len(TEXT), int(len(TEXT) * 0.1))
    assert subject.text == subject.known_text == TEXT[: -subject.held_out]
    assert subject.unknown == ()
    assert load_subject(ref("weaver"), lambda: text(TEXT)).is_training_text


def test_without_the_training_text_it_is_the_bundled_tale() -> None:
    save_model("weaver", random_checkpoint())
    subject = load_subject(ref("weaver"))
    assert not subject.is_training_text and subject.title == "The Loom at Carrow"
    assert "'weaver' learned from ('alphabet') is not on this computer" in subject.notes[0]
    assert set(subject.known_text) <= set(subject.vocab.c2ix)


def test_unknown_characters_are_adapted_as_in_a_prompt_and_counted() -> None:
    subject = of("“The” séa ☃ was grey; " * 40)
    assert "☃" not in subject.known_text and "sea" in subject.known_text
    assert dict(subject.unknown)["☃"] == subject.text.count("☃")
    assert subject.known_text == subject.vocab.adapt(subject.text)[0]


def test_with_a_placeholder_unknown_characters_stay() -> None:
    subject = of("The sea ☃ was grey. " * 40, TEXT + PLACEHOLDER)
    assert subject.known_text == subject.text
    assert "☃" in dict(subject.unknown)
    assert subject.vocab.decode(subject.vocab.encode("☃")) == PLACEHOLDER


def test_a_short_text_shrinks_the_batch_and_a_long_one_is_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    short = of("The sea was grey. " * 10)
    assert short.is_shrunk and short.train_config.batch_size < 36
    monkeypatch.setattr(subject_module, "MAX_CHARACTERS", 2_000)
    long = of(TEXT)
    assert len(long.known_text) == 2_000 and not long.is_training_text
    assert long.notes[-1] == "The tour uses the first 2,000 of these."


def test_an_unsuitable_model_or_text_is_refused() -> None:
    with pytest.raises(CharloomError, match="'weaver' knows only 0 of the 540"):
        of("織り機が動く" * 100)
    with pytest.raises(CharloomError, match="Choose a longer text, or one in its language"):
        of("The sea.")
    with pytest.raises(CharloomError, match="knows only 0 of the 540"):
        of("織り機が動く" * 100, TEXT + PLACEHOLDER)
    damage(checkpoint_path("weaver"))
    with pytest.raises(CharloomError, match="weights are damaged"):
        load_subject(ref("weaver"), lambda: text(TEXT))
    with pytest.raises(CharloomError, match="no model called 'nobody'"):
        load_subject(ref("nobody"))
    with pytest.raises(CharloomError, match="no file"):
        load_subject(ref("frankenstein"), lambda: corpus.load(Path("missing")))
