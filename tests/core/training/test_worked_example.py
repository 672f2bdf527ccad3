"""The worked example of the tour, against PyTorch used directly, and its child process."""

import json
import math
from dataclasses import replace
from typing import Any

import pytest

from charloom.core.data import corpus
from charloom.core.errors import CharloomError
from charloom.core.model.checkpoint import Checkpoint
from charloom.tui.tour.subject import TourSubject, load_subject
from charloom.tui.tour.worked_example import ExampleProcess, WorkedExample
from tests.helpers.child_process import TEXT
from tests.helpers.factories import damage, random_checkpoint, ref, save_model

SMALL: dict[str, Any] = {"batch_size": 4, "window": 16, "learning_rate": 0.01}


def saved(layers: int = 1, **over: Any) -> Checkpoint:
    """Return a checkpoint whose vocabulary is that of the text."""
    checkpoint = random_checkpoint(TEXT, layers=layers, **over)
    return replace(checkpoint, training=replace(checkpoint.training, **SMALL))


def about(checkpoint: Checkpoint) -> TourSubject:
    save_model("sea", checkpoint)
    data = TEXT.encode()
    return load_subject(ref("sea"), lambda: corpus.from_bytes(data, title="sea", source="sea.txt"))


@pytest.mark.usefixtures("torch_as_it_was")
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("order", ["shuffled", "contiguous"])
def test_the_example_is_what_torch_and_a_stepper_make_of_the_same_batch(
    tied: bool, order: str
) -> None:
    import torch
    from torch.nn import functional

    from charloom.core.data.dataset import batches
    from charloom.core.model.torch_lstm import CharLSTM
    from charloom.core.training.schedule import learning_rate
    from charloom.core.training.step import Stepper
    from charloom.core.training.worked_example import compute_example

    checkpoint = saved(layers=2, tie_weights=tied, embedding_dim=8 if tied else 4)
    training = replace(checkpoint.training, batching=order, grad_clip=0.05)
    example = WorkedExample.from_json(
        json.loads(json.dumps(compute_example(checkpoint, TEXT, training)))
    )

    network = CharLSTM(checkpoint.model)
    network.load(checkpoint.tensors)
    ids = torch.from_numpy(checkpoint.vocab.encode(TEXT))
    loader = batches(ids, training, 0)
    features, labels = next(iter(loader))
    assert example.batches == len(loader)
    assert example.features == features[:3].tolist()
    assert example.labels == labels[:3].tolist()

    logits = network(features)[0]
    flat = logits.reshape(-1, len(checkpoint.vocab))
    assert example.shapes["flat"] == list(flat.shape) == [4 * 16, len(checkpoint.vocab)]
    assert example.shapes["linear"] == list(logits.shape)
    assert example.shapes["h"] == example.shapes["c"] == [1, 4, 8]
    row = flat[example.row]
    right = int(labels[0, -1])
    assert example.logits[0][0] == right
    assert example.logits[0][1] == pytest.approx(row[right].item(), abs=1e-6)
    assert {id_ for id_, _ in example.logits} == {right, *row.topk(5).indices.tolist()}
    nats = functional.cross_entropy(row[None], labels[0, -1:]).item()
    assert example.log_sum - example.logits[0][1] == pytest.approx(nats, abs=1e-5)
    mean = functional.cross_entropy(flat, labels.reshape(-1))
    assert example.loss == pytest.approx(mean.item(), abs=1e-6)
    assert example.mean_by_hand == pytest.approx(mean.item(), abs=1e-6)

    sizes = {name: math.prod(shape) for name, shape in example.parameters.items()}
    assert sum(sizes.values()) == checkpoint.model.parameters
    assert sizes == {name: tensor.size for name, tensor in checkpoint.tensors.items()}

    mean.backward()  # type: ignore[no-untyped-call]
    squares = sum(float((p.grad**2).sum()) for p in network.parameters() if p.grad is not None)
    assert example.gradient_norm == pytest.approx(math.sqrt(squares), rel=1e-4)
    watched = network.head.weight
    assert watched.grad is not None
    clipped = watched.grad[right, 0].item() * 0.05 / math.sqrt(squares)
    assert example.gradient == pytest.approx(clipped, rel=1e-4)
    assert example.weight == f"{'embedding' if tied else 'head'}.weight[{right}, 0]"
    assert example.before == watched[right, 0].item()

    again = CharLSTM(checkpoint.model)
    again.load(checkpoint.tensors)
    stepper = Stepper(again, ids, training, "float32")
    assert example.rate == learning_rate(training, 1.0) == pytest.approx(0.0002)
    stepper.step(example.rate)
    assert example.after == pytest.approx(again.head.weight[right, 0].item(), abs=1e-7)
    assert example.weight_rate == pytest.approx(example.rate * (1 if tied else 3))
    decayed = example.before * (1 - example.weight_rate * training.weight_decay)
    step = -example.weight_rate * example.gradient / (abs(example.gradient) + 1e-8)  # Adam's first
    assert example.after == pytest.approx(decayed + step, abs=1e-6)
    with torch.no_grad():
        after = functional.cross_entropy(again(features)[0].flatten(0, 1), labels.flatten())
    assert example.loss_after == pytest.approx(after.item(), abs=1e-6)
    assert example.loss_after < example.loss


@pytest.mark.usefixtures("torch_as_it_was")
def test_the_child_answers_what_is_worked_out_here_and_dropout_changes_nothing() -> None:
    from charloom.core.training.worked_example import compute_example

    checkpoint = saved()
    subject = about(replace(checkpoint, model=replace(checkpoint.model, dropout=0.5)))
    answer = ExampleProcess(subject).result()
    expected = WorkedExample.from_json(
        compute_example(checkpoint, subject.known_text, subject.train_config)
    )
    for name in ("features", "labels", "shapes", "parameters", "row", "rate", "weight"):
        assert getattr(answer, name) == getattr(expected, name)
    for name in ("loss", "loss_after", "gradient_norm", "gradient", "before", "after"):
        assert getattr(answer, name) == pytest.approx(getattr(expected, name), abs=1e-6)


def test_what_the_child_cannot_do_is_an_error() -> None:
    subject = about(saved())
    damage(subject.path)
    with pytest.raises(CharloomError, match="cannot be used: Its weights are damaged"):
        ExampleProcess(subject).result()
    process = ExampleProcess(subject)
    process.stop()
    with pytest.raises(CharloomError, match="could not be set up: the process was killed"):
        process.result()
