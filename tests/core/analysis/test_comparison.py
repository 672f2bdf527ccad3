import math
from hashlib import sha256

import pytest

from charloom.core.analysis import scoring
from charloom.core.analysis.comparison import (
    SAME,
    EvalText,
    compare,
    held_out_text,
    hotter,
    shared_characters,
    verdict,
)
from charloom.core.analysis.scoring import Score
from charloom.core.config import TrainConfig
from charloom.core.data.vocab import Vocab
from charloom.core.errors import CharloomError
from charloom.core.model.metadata import CorpusInfo
from charloom.core.runs.run import read_run_config
from charloom.core.sampling.config import SamplingConfig
from charloom.core.store.model_dir import ModelDir
from charloom.tui.services.model_cache import load_model
from tests.helpers.child_process import TEXT
from tests.helpers.factories import random_checkpoint, ref, save_model
from tests.helpers.small_models import create


def save_trained_model(
    name: str, folder: ModelDir, share: float = 0.1, sha256: str | None = None
) -> None:
    """Save a model that was trained on the text of a run, without the held-out ``share``."""
    corpus = CorpusInfo("sea", sha256 or read_run_config(folder).sha256, 1_000, "abc")
    training = TrainConfig(held_out=share)
    save_model(name, random_checkpoint(TEXT, corpus=corpus, training=training))


def scored(bits: float) -> Score:
    return Score(1_000, bits * math.log(2), 0)


def test_both_are_scored_on_the_held_out_text_of_the_first() -> None:
    folder = create("loom")
    save_trained_model("loom", folder)
    save_trained_model("other", folder)
    held_out = held_out_text(ref("loom"), ref("other"))
    assert (held_out.title, held_out.warning) == ("held-out part of sea", "")
    assert held_out.text[:] == TEXT[len(TEXT) - int(len(TEXT) * 0.1) :]


def test_a_second_model_trained_on_another_text_or_on_this_one_is_warned_of() -> None:
    folder = create("loom")
    save_trained_model("loom", folder)
    save_trained_model("stranger", folder, sha256="0" * 64)
    save_trained_model("greedy", folder, share=0.05)
    assert (
        held_out_text(ref("loom"), ref("stranger")).warning
        == "'stranger' was trained on another text."
    )
    greedy = held_out_text(ref("loom@best"), ref("greedy@100")).warning
    assert greedy == "'greedy' was trained on a part of this text."


def test_without_held_out_text_another_text_is_needed() -> None:
    save_trained_model("loom", create("loom"), share=0.0)
    with pytest.raises(CharloomError, match="'loom' was trained on its whole text"):
        held_out_text(ref("loom"), ref("loom"))
    save_model("stranger", random_checkpoint())
    with pytest.raises(CharloomError, match="not on this computer"):
        held_out_text(ref("stranger"), ref("loom"))


def test_characters_unknown_to_one_model_are_left_out_for_both() -> None:
    one, other = Vocab.from_text("the sea,"), Vocab.from_text("The sea")
    assert str(shared_characters("The sea, the ☃ sea", one, other)) == "he sea he  sea"
    assert str(shared_characters("The sea", other, other)) == "The sea"


def test_the_verdict_names_the_better_model() -> None:
    better = "b is 0.12 bits/char better: 8% fewer bits."
    assert verdict(ref("a"), scored(1.5), ref("b"), scored(1.38)) == better
    assert verdict(ref("b"), scored(1.38), ref("a"), scored(1.5)) == better
    equal = "They predict this text equally well."
    assert verdict(ref("a"), scored(1.5), ref("b"), scored(1.504)) == equal


def test_a_model_alone_is_compared_with_itself_at_a_higher_temperature() -> None:
    assert hotter(SamplingConfig(0.8, 40)) == SamplingConfig(1.2, 40)
    assert hotter(SamplingConfig(9.9)).temperature == 10


def test_models_are_scored_on_the_same_characters_and_each_checkpoint_once() -> None:
    save_model("loom", random_checkpoint("\n abcdefghijklmnopqrstuvwxyz"))
    save_model("other", random_checkpoint("\n abcdefghijklmnopqrstuvwxy", seed=1))
    loom, other = load_model(ref("loom")), load_model(ref("other"))
    text = EvalText("fox", "the lazy dog\n" * 400)
    cache: dict[tuple[str, str], Score] = {}
    result = compare(loom, other, text, 1_000, cache)
    characters = text.text[:].replace("z", "")
    assert result.left == scoring.carried(loom.network, characters, limit=1_000)
    assert result.right == scoring.carried(other.network, characters, limit=1_000)
    assert result.left_out == len(text.text) - len(characters)
    assert result.summary == (
        "fox, 1,024 of 5,200 characters, 400 skipped (unknown to one of the models)"
    )
    digest = sha256(characters.encode()).hexdigest()
    assert cache == {(loom.sha256, digest): result.left, (other.sha256, digest): result.right}
    cache[loom.sha256, sha256(text.text[:].encode()).hexdigest()] = Score(1, 1.0, 0)
    same = compare(loom, loom, text, cache=cache)
    assert same == (Score(1, 1.0, 0), Score(1, 1.0, 0), 0, SAME, "fox, 5,200 characters")
