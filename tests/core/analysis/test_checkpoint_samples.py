import json

import pytest

from charloom.core.analysis.checkpoint_samples import sample_checkpoints
from charloom.core.model.metadata import Losses
from charloom.core.sampling.config import SamplingConfig
from charloom.core.store.read import find_model
from tests.helpers.factories import checkpoint_path, damage, random_checkpoint, save_model
from tests.helpers.run_cli import call


@pytest.fixture(autouse=True)
def weaver() -> None:
    """A model with four checkpoints, of whose losses more and more is known."""
    known: list[dict[str, float]] = [
        {},
        {"train": 2.0},
        {"train": 1.5, "validation": 1.6},
        {"train": 1.2, "validation": 1.4, "carried": 1.3},
    ]
    for step, losses in enumerate(known):
        made = random_checkpoint(seed=step, step=100 * step, losses=Losses(**losses))
        save_model("weaver", made)


def test_each_checkpoint_writes_what_generate_would_from_the_first_to_the_last() -> None:
    saved = find_model("weaver").checkpoints
    grown = list(sample_checkpoints(saved, "the sea", SamplingConfig(0.7), seed=5, length=60))
    assert [each.step for each in grown] == [0, 100, 200, 300]
    assert len({each.text for each in grown}) == 4
    for each in grown:
        asked = ("--model", f"weaver@{each.step}", "--seed", "5", "--temperature", "0.7")
        done = call("generate", "the sea", *asked, "--length", "60", "--json")
        assert json.loads(done.out)["text"] == each.text
        assert not each.fault


def test_the_best_known_loss_of_each_is_told_and_named() -> None:
    grown = sample_checkpoints(
        find_model("weaver").checkpoints, "a", SamplingConfig(), seed=0, length=1
    )
    assert [(each.measure, each.loss) for each in grown] == [
        ("", None),
        ("train", 2.0),
        ("validation", 1.6),
        ("carried", 1.3),
    ]


def test_what_is_damaged_or_thinned_out_meanwhile_is_passed_over_with_a_word() -> None:
    damage(checkpoint_path("weaver@100"))  # its card is sound
    checkpoint_path("weaver@200").write_bytes(b"no checkpoint")
    strip = sample_checkpoints(
        find_model("weaver").checkpoints, "a", SamplingConfig(), seed=0, length=9
    )
    first = next(strip)
    checkpoint_path("weaver@300").unlink()
    second, third, gone = strip
    assert first.text and not (second.text or third.text or gone.text)
    assert "Its weights are damaged" in second.fault and second.loss == 2.0
    assert "It is not a safetensors file" in third.fault and third.loss is None
    assert gone.fault == "The checkpoint @300 has just gone, as a training thins them out."


def test_a_checkpoint_that_does_not_know_the_prompt_says_so() -> None:
    save_model("weaver", random_checkpoint("xyz", step=400))
    strip = sample_checkpoints(
        find_model("weaver").checkpoints, "a", SamplingConfig(), seed=0, length=9
    )
    assert "is not among the 3 that this model knows" in list(strip)[-1].fault
