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
    """A model with four checkpoints, each with one more loss."""
    measured = [
        Losses(),
        Losses(train=2.0),
        Losses(train=1.5, validation=1.6),
        Losses(train=1.2, validation=1.4, carried=1.3),
    ]
    for step, losses in enumerate(measured):
        new = random_checkpoint(seed=step, step=100 * step, losses=losses)
        save_model("weaver", new)


def test_each_checkpoint_generates_the_same_text_as_generate() -> None:
    saved = find_model("weaver").checkpoints
    samples = list(sample_checkpoints(saved, "the sea", SamplingConfig(0.7), seed=5, length=60))
    assert [each.step for each in samples] == [0, 100, 200, 300]
    assert len({each.text for each in samples}) == 4
    for each in samples:
        options = ("--model", f"weaver@{each.step}", "--seed", "5", "--temperature", "0.7")
        done = call("generate", "the sea", *options, "--length", "60", "--json")
        assert json.loads(done.out)["text"] == each.text
        assert not each.error


def test_each_sample_has_the_most_reliable_loss() -> None:
    samples = sample_checkpoints(
        find_model("weaver").checkpoints, "a", SamplingConfig(), seed=0, length=1
    )
    assert [(each.measure, each.loss) for each in samples] == [
        ("", None),
        ("train", 2.0),
        ("validation", 1.6),
        ("carried", 1.3),
    ]


def test_a_damaged_or_removed_checkpoint_has_an_error() -> None:
    damage(checkpoint_path("weaver@100"))  # its card is sound
    checkpoint_path("weaver@200").write_bytes(b"no checkpoint")
    samples = sample_checkpoints(
        find_model("weaver").checkpoints, "a", SamplingConfig(), seed=0, length=9
    )
    first = next(samples)
    checkpoint_path("weaver@300").unlink()
    second, third, gone = samples
    assert first.text and not (second.text or third.text or gone.text)
    assert "Its weights are damaged" in second.error and second.loss == 2.0
    assert "It is not a safetensors file" in third.error and third.loss is None
    assert gone.error == "Checkpoint @300 no longer exists: training keeps only some."


def test_a_checkpoint_that_does_not_know_the_prompt_has_an_error() -> None:
    save_model("weaver", random_checkpoint("xyz", step=400))
    samples = sample_checkpoints(
        find_model("weaver").checkpoints, "a", SamplingConfig(), seed=0, length=9
    )
    assert "is not in this model's vocabulary of 3" in list(samples)[-1].error
