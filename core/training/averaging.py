"""The end of a run that started from a model: average the old weights with the trained ones.

Fine-tuning on little text changes more than the text gives reason to, so that a mean of both often
predicts new text of the same kind better than either (Wortsman et al. 2022, "Robust fine-tuning of
zero-shot models"). The held-out text decides.
"""

from collections.abc import Callable, Generator
from dataclasses import replace

import numpy as np

from charloom.core.model.checkpoint import Checkpoint, Weights
from charloom.core.model.metadata import Losses
from charloom.core.runs.events import Event, RunWarning, bits
from charloom.core.training.validation import Validator

SHARES = (0.3, 0.5, 0.7)
"""Shares of the trained weights that are tried, besides all of them."""
_AVERAGED = (
    "Averaged with the weights of {}: with {:.0%} of the new ones, the held-out text takes {:.3f} "
    "bits/char instead of {:.3f}."
)


def average(old: Weights, new: Weights, share: float) -> Weights:
    """Return the mean of the weights of two networks of one size, with ``share`` of ``new``."""
    kept, added = np.float32(1 - share), np.float32(share)
    return {name: kept * old[name] + added * new[name] for name in new}


def best_average(
    best: Checkpoint,
    start: Weights,
    validator: Validator,
    execute_commands: Callable[[], Generator[Event, None, bool]],
) -> Generator[Event, None, Checkpoint]:
    """Return the average of ``best`` and ``start`` that predicts best, or ``best`` itself.

    Args:
        best: the best checkpoint of a run, with its validation loss.
        start: the weights that the run started from, those of ``best.base``.
        validator: has the held-out text, and measures on what it measured ``best`` on.
        execute_commands: executes pending commands; true ends this with what is measured.
    """
    trained, base = best.losses.validation, best.base
    if best.step == 0 or trained is None or base is None or base.share:  # averaged before
        return best
    loss, winner = trained, best
    for share in SHARES:
        if (yield from execute_commands()):
            break
        weights = average(start, best.tensors, share)
        mean = validator.measure(weights)
        if mean.nats < loss:
            loss = mean.nats
            losses = Losses(
                train=best.losses.train,
                validation=loss,
                validation_characters=mean.characters,
                validation_standard_error=mean.standard_error,
            )
            averaged = replace(base, share=round(1 - share, 2))
            winner = replace(best, tensors=weights, losses=losses, base=averaged)
            message = _AVERAGED.format(base.name, share, bits(loss), bits(trained))
    if winner is not best:
        yield RunWarning(message)
    return winner
