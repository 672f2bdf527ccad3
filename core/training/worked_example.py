"""The tour's child process: ``python -P -m charloom.core.training.worked_example``.

It reads an ``ExampleRequest`` from stdin and writes a ``WorkedExample`` to stdout (both of
:mod:`tui.tour.worked_example`, as JSON), or ``{"error": message}``. The step is not saved.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from charloom.core.child_process import import_error_message
from charloom.core.config import TrainConfig
from charloom.core.errors import CharloomError
from charloom.core.model import checkpoint
from charloom.core.model.checkpoint import Checkpoint
from charloom.core.training.schedule import learning_rate

_BATCH_ROWS = 3  # that are reported in full
_TOP_LOGITS = 5


def compute_example(saved: Checkpoint, text: str, config: TrainConfig) -> dict[str, Any]:
    """Return the fields of a ``WorkedExample``: one training step of ``saved`` on ``text``."""
    import torch  # deferred: an invalid request is refused sooner

    from charloom.core.data.dataset import batches
    from charloom.core.model.torch_lstm import CharLSTM, checkpoint_name, cross_entropy
    from charloom.core.training.optimizer import AdamW, rate_factor

    torch.set_num_threads(1)  # the same sums in the same order everywhere; it is one step only
    ids = torch.from_numpy(saved.vocab.encode(text))
    network = CharLSTM(replace(saved.model, dropout=0.0))
    network.load(saved.tensors)
    weights = {checkpoint_name(name): value for name, value in network.named_parameters()}
    loader = batches(ids, config, epoch=0)
    features, labels = next(iter(loader))

    embedded = network.embedding(features)
    hidden = embedded
    for lstm in network.layers:
        hidden, (h, c) = lstm(hidden)
    logits = network.head(hidden)
    loss = cross_entropy(logits, labels)

    loss.backward()  # type: ignore[no-untyped-call]
    norm = torch.nn.utils.clip_grad_norm_(weights.values(), config.grad_clip)
    row, label = config.window - 1, int(labels[0, -1])
    shown_name = "embedding.weight" if saved.model.tie_weights else "head.weight"
    shown = weights[shown_name]
    assert shown.grad is not None
    gradient, before = shown.grad[label, 0].item(), shown[label, 0].item()

    rate = learning_rate(config, 1.0) or config.learning_rate
    AdamW(weights, config.weight_decay).step(rate)
    with torch.no_grad():
        loss_after = cross_entropy(network(features)[0], labels)

    flat = logits.detach().double().reshape(-1, logits.shape[-1])
    top = flat[row].topk(min(_TOP_LOGITS, flat.shape[1])).indices.tolist()
    shown_ids = [label, *(id_ for id_ in top if id_ != label)]
    tensors = {"ids": features, "embedding": embedded, "lstm": hidden, "h": h, "c": c}
    tensors |= {"linear": logits, "flat": flat, "labels": labels.reshape(-1)}
    label_log_probs = flat.log_softmax(dim=1).gather(1, labels.reshape(-1, 1))
    return {
        "features": features[:_BATCH_ROWS].tolist(),
        "labels": labels[:_BATCH_ROWS].tolist(),
        "batches": len(loader),
        "shapes": {name: list(tensor.shape) for name, tensor in tensors.items()},
        "parameters": {name: list(value.shape) for name, value in weights.items()},
        "row": row,
        "logits": [(id_, flat[row, id_].item()) for id_ in shown_ids],
        "log_sum": flat[row].logsumexp(0).item(),
        "loss": loss.item(),
        "mean_by_hand": -label_log_probs.mean().item(),
        "loss_after": loss_after.item(),
        "gradient_norm": norm.item(),
        "rate": rate,
        "weight_rate": rate * rate_factor(shown_name),
        "weight": f"{shown_name}[{label}, 0]",
        "gradient": gradient,
        "before": before,
        "after": shown[label, 0].item(),
    }


def main() -> int:
    """Answer the one request on stdin."""
    try:
        request = json.load(sys.stdin)
        saved = checkpoint.load(Path(request["checkpoint"])).checkpoint
        config = TrainConfig.from_json(request["training"])
        answer = json.dumps(compute_example(saved, request["text"], config), allow_nan=False)
    except CharloomError as error:
        answer = _error(str(error))
    except ValueError:  # NaN or infinity
        answer = _error("The weights of this network are too large to train it.")
    except (MemoryError, RuntimeError) as error:  # torch raises it for lack of memory
        answer = _error(f"The network cannot be set up here ({_first_line(error)}).")
    except (ImportError, OSError) as error:
        answer = _error(import_error_message(error))
    sys.stdout.write(answer)
    return 0


def _error(message: str) -> str:
    return json.dumps({"error": message})


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200] or "not enough memory"  # MemoryError says nothing


if __name__ == "__main__":
    sys.exit(main())
