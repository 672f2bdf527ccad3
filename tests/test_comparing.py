import math
from pathlib import Path

import pytest

from core import comparing, runs, scoring, store
from core.checkpoint import CorpusCard
from core.comparing import Mark
from core.errors import CharloomError
from core.lstm import LSTM
from core.sampling import Settings
from core.scoring import Score
from core.settings import TrainSettings
from tests.child import TEXT
from tests.makers import random_checkpoint
from tests.small import create


def learned(name: str, folder: Path, share: float = 0.1, sha256: str | None = None) -> None:
    """Keep a model that learned the text of a run, less a share of it."""
    corpus = CorpusCard("sea", sha256 or runs.read_plan(folder).sha256, 1_000, "abc")
    training = TrainSettings(held_out=share)
    store.save(name, random_checkpoint(TEXT, corpus=corpus, training=training))


def marked(bits: float, unknown: str = "") -> Mark:
    return Mark(Score(1_000, bits * math.log(2), len(unknown)), frozenset(unknown))


def test_both_are_scored_on_what_the_first_was_not_trained_on() -> None:
    folder = create("loom")
    learned("loom", folder)
    learned("other", folder)
    found = comparing.held_out("loom", "other")
    assert found == ("held-out part of sea", TEXT[len(TEXT) - int(len(TEXT) * 0.1) :], "")


def test_a_rival_that_learned_another_text_or_more_of_this_one_is_told() -> None:
    folder = create("loom")
    learned("loom", folder)
    learned("stranger", folder, sha256="0" * 64)
    learned("greedy", folder, share=0.05)
    assert comparing.held_out("loom", "stranger").warning == "'stranger' learned another text."
    greedy = comparing.held_out("loom@best", "greedy@100").warning
    assert greedy == "'greedy' was trained on a part of it."


def test_where_nothing_was_held_out_another_text_is_asked_for() -> None:
    learned("loom", create("loom"), share=0.0)
    with pytest.raises(CharloomError, match="'loom' was trained on all of its text; name another"):
        comparing.held_out("loom", "loom")
    store.save("stranger", random_checkpoint())
    with pytest.raises(CharloomError, match="not on this computer"):
        comparing.held_out("stranger", "loom")


def test_a_mark_is_the_carried_loss_and_the_characters_that_are_not_known() -> None:
    model = LSTM(random_checkpoint())
    found = comparing.mark(model, "the Sea, the sea")
    assert found.score == scoring.carried(model, "the Sea, the sea")
    assert found.unknown == {"S", ","}


def test_the_better_one_is_named_whichever_side_it_is_on() -> None:
    told = "b is 0.12 bits/char better: 8% fewer bits."
    assert comparing.verdict("a", marked(1.5), "b", marked(1.38)) == told
    assert comparing.verdict("b", marked(1.38), "a", marked(1.5)) == told
    equal = "They predict this text equally well."
    assert comparing.verdict("a", marked(1.5), "b", marked(1.504)) == equal


def test_figures_of_different_characters_are_not_compared() -> None:
    told = comparing.verdict("a", marked(1.5, "é"), "b", marked(1.2, "ü"))
    assert told.endswith("the figures cannot be compared.")
    both = comparing.verdict("a", marked(1.5, "é"), "b", marked(1.2, "é"))
    assert both == "b is 0.30 bits/char better: 20% fewer bits."


def test_a_model_alone_is_compared_with_itself_a_little_warmer() -> None:
    assert comparing.warmer(Settings(0.8, 40)) == Settings(1.2, 40)
    assert comparing.warmer(Settings(9.9)).temperature == 10
