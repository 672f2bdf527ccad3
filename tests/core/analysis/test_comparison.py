import math

import pytest

from charloom.core.analysis.comparison import held_out_text, hotter, shared_characters, verdict
from charloom.core.analysis.scoring import Score
from charloom.core.config import TrainConfig
from charloom.core.data.vocab import Vocab
from charloom.core.errors import CharloomError
from charloom.core.model.metadata import CorpusInfo
from charloom.core.runs.run import read_run_config
from charloom.core.sampling.config import SamplingConfig
from charloom.core.store.model_dir import ModelDir
from tests.helpers.child_process import TEXT
from tests.helpers.factories import random_checkpoint, ref, save_model
from tests.helpers.small_models import create


def learned(name: str, folder: ModelDir, share: float = 0.1, sha256: str | None = None) -> None:
    """Keep a model that learned the text of a run, less a share of it."""
    corpus = CorpusInfo("sea", sha256 or read_run_config(folder).sha256, 1_000, "abc")
    training = TrainConfig(held_out=share)
    save_model(name, random_checkpoint(TEXT, corpus=corpus, training=training))


def scored(bits: float) -> Score:
    return Score(1_000, bits * math.log(2), 0)


def test_both_are_scored_on_what_the_first_was_not_trained_on() -> None:
    folder = create("loom")
    learned("loom", folder)
    learned("other", folder)
    found = held_out_text(ref("loom"), ref("other"))
    assert found == ("held-out part of sea", TEXT[len(TEXT) - int(len(TEXT) * 0.1) :], "")


def test_a_rival_that_learned_another_text_or_more_of_this_one_is_told() -> None:
    folder = create("loom")
    learned("loom", folder)
    learned("stranger", folder, sha256="0" * 64)
    learned("greedy", folder, share=0.05)
    assert held_out_text(ref("loom"), ref("stranger")).warning == "'stranger' learned another text."
    greedy = held_out_text(ref("loom@best"), ref("greedy@100")).warning
    assert greedy == "'greedy' was trained on a part of it."


def test_where_nothing_was_held_out_another_text_is_asked_for() -> None:
    learned("loom", create("loom"), share=0.0)
    with pytest.raises(CharloomError, match="'loom' was trained on all of its text; name another"):
        held_out_text(ref("loom"), ref("loom"))
    save_model("stranger", random_checkpoint())
    with pytest.raises(CharloomError, match="not on this computer"):
        held_out_text(ref("stranger"), ref("loom"))


def test_what_one_of_them_does_not_know_is_left_out_for_both() -> None:
    one, other = Vocab.from_text("the sea,"), Vocab.from_text("The sea")
    assert shared_characters("The sea, the ☃ sea", one, other) == "he sea he  sea"
    assert shared_characters("The sea", other, other) == "The sea"


def test_the_better_one_is_named_whichever_side_it_is_on() -> None:
    told = "b is 0.12 bits/char better: 8% fewer bits."
    assert verdict("a", scored(1.5), "b", scored(1.38)) == told
    assert verdict("b", scored(1.38), "a", scored(1.5)) == told
    equal = "They predict this text equally well."
    assert verdict("a", scored(1.5), "b", scored(1.504)) == equal


def test_a_model_alone_is_compared_with_itself_a_little_warmer() -> None:
    assert hotter(SamplingConfig(0.8, 40)) == SamplingConfig(1.2, 40)
    assert hotter(SamplingConfig(9.9)).temperature == 10
