"""The child process of the tour: ``python -P -m charloom.core.training.worked_example``.

A request comes in on stdin and the answer goes out on stdout, both as JSON: ``ExampleRequest`` and
``WorkedExample`` of :mod:`tui.tour.worked_example`, or ``{"error": sentence}``. Nothing is kept of
the step that is made here.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from charloom.core.config import TrainConfig
from charloom.core.errors import CharloomError
from charloom.core.model import checkpoint
from charloom.core.model.checkpoint import Checkpoint
from charloom.core.training.schedule import learning_rate

_ROWS = 3  # of the batch that are told in full
_LIKELIEST = 5


def work(found: Checkpoint, text: str, training: TrainConfig) -> dict[str, Any]:
    """Return the fields of an ``WorkedExample``: a step of ``found`` on ``text``."""
    import torch  # deferred: a request that cannot be met is refused sooner

    from charloom.core.data.dataset import batches
    from charloom.core.model.torch_lstm import CharLSTM, checkpoint_name, cross_entropy
    from charloom.core.training.step import TrainStep

    torch.set_num_threads(1)  # the same sums in the same order everywhere; it is one step only
    ids = torch.from_numpy(found.vocab.encode(text))
    network = CharLSTM(replace(found.model, dropout=0.0))
    network.load(found.tensors)
    weights = {checkpoint_name(name): value for name, value in network.named_parameters()}
    loader = batches(ids, training, epoch=0)
    features, labels = next(iter(loader))

    embedded = network.embedding(features)
    hidden = embedded
    for lstm in network.layers:
        hidden, (h, c) = lstm(hidden)
    logits = network.head(hidden)
    loss = cross_entropy(logits, labels)

    loss.backward()  # type: ignore[no-untyped-call]
    norm = torch.nn.utils.clip_grad_norm_(weights.values(), training.clip)
    row, label = training.window - 1, int(labels[0, -1])
    watched = "embedding.weight" if found.model.tied else "head.weight"
    weight = weights[watched]
    assert weight.grad is not None
    gradient, before = weight.grad[label, 0].item(), weight[label, 0].item()
    for each in weights.values():
        each.grad = None

    rate = learning_rate(training, 1.0) or training.rate
    TrainStep(network, ids, training, "float32").step(rate)
    with torch.no_grad():
        after = cross_entropy(network(features)[0], labels)

    flat = logits.detach().double().reshape(-1, logits.shape[-1])
    likeliest = flat[row].topk(min(_LIKELIEST, flat.shape[1])).indices.tolist()
    told = [label, *(each for each in likeliest if each != label)]
    right = flat.log_softmax(dim=1).gather(1, labels.reshape(-1, 1))
    return {
        "features": features[:_ROWS].tolist(),
        "labels": labels[:_ROWS].tolist(),
        "batches": len(loader),
        "shapes": {
            "ids": list(features.shape),
            "embedding": list(embedded.shape),
            "lstm": list(hidden.shape),
            "h": list(h.shape),
            "c": list(c.shape),
            "linear": list(logits.shape),
            "flat": list(flat.shape),
            "labels": list(labels.reshape(-1).shape),
        },
        "parameters": {name: list(value.shape) for name, value in weights.items()},
        "row": row,
        "logits": [(each, flat[row, each].item()) for each in told],
        "log_sum": flat[row].logsumexp(0).item(),
        "loss": loss.item(),
        "mean_by_hand": -right.mean().item(),
        "loss_after": after.item(),
        "gradient_norm": norm.item(),
        "rate": rate,
        "weight": f"{watched}[{label}, 0]",
        "gradient": gradient,
        "before": before,
        "after": weight[label, 0].item(),
    }


def main() -> int:
    """Answer the one request on stdin."""
    try:
        request = json.load(sys.stdin)
        found = checkpoint.load(Path(request["checkpoint"])).checkpoint
        training = TrainConfig.from_json(request["training"])
        answer = work(found, request["text"], training)
        written = json.dumps(answer, allow_nan=False)
    except CharloomError as error:
        written = json.dumps({"error": str(error)})
    except ValueError:  # NaN or infinity
        written = json.dumps({"error": "The numbers of this network are too large to learn with."})
    except (MemoryError, RuntimeError) as error:  # torch's way to say so
        reason = str(error).partition("\n")[0][:200]
        written = json.dumps({"error": f"The network cannot be set up here ({reason})."})
    except (ImportError, OSError) as error:
        what = str(error).partition("\n")[0][:200]
        written = json.dumps({"error": f"PyTorch cannot be loaded ({what}); install it anew."})
    sys.stdout.write(written)
    return 0


if __name__ == "__main__":
    sys.exit(main())
