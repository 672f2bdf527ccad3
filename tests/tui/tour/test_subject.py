from pathlib import Path
from typing import Any

import pytest

from charloom.core.data import corpus
from charloom.core.data.corpus import Corpus
from charloom.core.data.vocab import PLACEHOLDER
from charloom.core.errors import CharloomError
from charloom.core.model.metadata import CorpusInfo
from charloom.core.runs.run import read_run_config
from charloom.tui.tour import subject
from charloom.tui.tour.subject import TourSubject, load_subject
from tests.helpers.child_process import TEXT
from tests.helpers.factories import checkpoint_path, damage, random_checkpoint, ref, save_model
from tests.helpers.small_models import create


def text(content: str) -> Corpus:
    return corpus.from_bytes(content.encode(), title="mine", source="mine.txt", short=True)


def of(content: str, vocab: str = TEXT, **over: Any) -> TourSubject:
    save_model("weaver", random_checkpoint(vocab, **over))
    return load_subject(ref("weaver"), lambda: text(content))


def test_without_a_text_it_is_the_one_that_the_model_learned_from() -> None:
    sha256 = read_run_config(create("weaver")).sha256
    card = CorpusInfo("sea", sha256, len(TEXT), "abc")
    save_model("weaver", random_checkpoint(TEXT, corpus=card))
    found = load_subject(ref("weaver"))
    assert found.own and found.source == "sea.txt" and found.title == "sea"
    assert found.ref == ref("weaver@100") and found.path == checkpoint_path("weaver@100")
    assert (found.characters, found.held_out) == (len(TEXT), int(len(TEXT) * 0.1))
    assert found.text == found.known == TEXT[: -found.held_out]
    assert found.unknown == ()
    assert load_subject(ref("weaver"), lambda: text(TEXT)).own


def test_where_that_is_not_at_hand_it_is_the_tale_that_comes_along() -> None:
    save_model("weaver", random_checkpoint())
    found = load_subject(ref("weaver"))
    assert not found.own and found.title == "The Loom at Carrow"
    assert "'weaver' learned from ('alphabet') is not on this computer" in found.notes[0]
    assert set(found.known) <= set(found.vocab.c2ix)


def test_unknown_characters_are_adapted_as_in_a_prompt_and_told() -> None:
    found = of("“The” séa ☃ was grey; " * 40)
    assert "☃" not in found.known and "sea" in found.known
    assert dict(found.unknown)["☃"] == found.text.count("☃")
    assert found.known == found.vocab.adapt(found.text)[0]


def test_with_a_placeholder_unknown_characters_stay_and_go_by_it() -> None:
    found = of("The sea ☃ was grey. " * 40, TEXT + PLACEHOLDER)
    assert found.known == found.text
    assert "☃" in dict(found.unknown)
    assert found.vocab.decode(found.vocab.encode("☃")) == PLACEHOLDER


def test_a_short_text_shrinks_the_batch_and_a_long_one_is_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    short = of("The sea was grey. " * 10)
    assert short.shrunk and short.training.batch_size < 36
    monkeypatch.setattr(subject, "MOST", 2_000)
    long = of(TEXT)
    assert len(long.known) == 2_000 and not long.own
    assert long.notes[-1] == "Of these, the tour looks at the first 2,000."


def test_what_there_is_no_tour_of_is_told() -> None:
    with pytest.raises(CharloomError, match="'weaver' knows only 0 of the 540"):
        of("織り機が動く" * 100)
    with pytest.raises(CharloomError, match="choose a longer text, or one in its language"):
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
