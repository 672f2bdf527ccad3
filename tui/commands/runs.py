"""``charloom runs``: which training runs there are and how they stand."""

import click

from charloom.core.runs.events import bits
from charloom.core.runs.monitor import RunMonitor, list_runs
from charloom.core.sanitize import single_line
from charloom.tui.console.options import json_option
from charloom.tui.console.output import echo_err, write_json, write_stdout
from charloom.tui.console.table import write_table
from charloom.tui.formatting import run_status
from charloom.tui.formatting.durations import format_clock

_NAME = 40  # characters of a name that are shown: as many as one has that is made of a title
_REASON = 300


@click.command()
@json_option
def runs(as_json: bool) -> None:
    """List the training runs, those at work first, then the newest.

    The loss is the best on held-out text so far. --json writes one object per run, on a line, with
    losses in nats per character.
    """
    found = [RunMonitor(folder) for folder in list_runs()]
    for run in found:
        run.refresh()
        while run.behind:
            run.refresh()
    found.sort(key=lambda run: run.state not in run_status.LIVE)
    if as_json:
        for run in found:
            write_json(run_status.to_json(run))
    elif found:
        headings = ("name", "step", "done", "left", "bits/char", "state")
        write_table("<>>>><", headings, *map(_row, found))
        reasons = [run for run in found if run.reason]
        write_stdout("\n" * bool(reasons))
        for run in reasons:
            write_stdout(f"{single_line(run.name, _NAME)}: {single_line(run.reason, _REASON)}\n")
    else:
        echo_err("There is no run yet; `charloom train` begins one.")


def _row(run: RunMonitor) -> tuple[str, ...]:
    step, left, best = run_status.step(run), run_status.eta_seconds(run), run_status.best(run)
    return (
        single_line(run.name, _NAME),
        "" if step is None else f"{step:,}",
        f"{run_status.fraction(run):.0%}" if run.progress else "",
        "" if left is None else format_clock(left),
        f"{bits(best[1]):.3f}" if best else "",
        f"{run_status.symbol(run.state)} {run_status.label(run.state)}",
    )
