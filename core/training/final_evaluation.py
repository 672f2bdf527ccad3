"""The end of a run: its best checkpoint is measured on the held-out text."""

import math
from collections.abc import Callable, Generator
from dataclasses import replace

from charloom.core.model.checkpoint import Checkpoint
from charloom.core.runs.events import Evaluating, Event, Finished, bits
from charloom.core.training.schedule import RunBudget, Stopwatch, ThrottledTimer
from charloom.core.training.task import RunState
from charloom.core.training.validation import Validator


def evaluate_best(
    best: Checkpoint,
    validator: Validator,
    budget: RunBudget,
    clock: Stopwatch,
    report_seconds: float,
    execute_commands: Callable[[], Generator[Event, None, bool]],
) -> Generator[Event, None, Checkpoint]:
    """Measure ``best``, and return it with its losses.

    Args:
        best: the checkpoint to measure.
        validator: has the held-out text.
        budget: of the run, which says how long this will take.
        clock: of the run.
        report_seconds: between two reports.
        execute_commands: executes pending commands; true ends this with what is counted.
    """
    # However long a report took: the last one says that all is counted.
    report, begin = ThrottledTimer(clock, report_seconds, share=math.inf), clock.seconds
    left, reported = budget.evaluation_eta, False
    for losses, counted, needed, limit in validator.final_losses(best):
        best = replace(best, losses=losses)
        if report.due() or (left > report_seconds and not reported):
            reported = True
            with report.running():
                if counted:
                    left = (clock.seconds - begin) * max(0.0, needed / counted - 1)
                yield Evaluating(best.step, counted, limit, left)
        if (yield from execute_commands()):
            break
    return best


def finished(
    step: int, reason: str, best: Checkpoint, state: RunState, elapsed: float, message: str
) -> Finished:
    """Return the last event of a run that ended after ``step`` steps and ``elapsed`` seconds."""
    carried = best.losses.carried
    best_loss = min(state.best_loss, best.losses.validation or math.inf)  # that of an average
    return Finished(
        step=step,
        reason=reason,
        val_loss=carried,
        val_bits_per_char=None if carried is None else bits(carried),
        val_windowed_256=best.losses.windowed_256,
        best_val_loss=best_loss if math.isfinite(best_loss) else None,
        best_step=best.step,
        elapsed_seconds=elapsed,
        message=message,
        counted_characters=best.losses.carried_characters,
        standard_error=best.losses.carried_standard_error,
    )
