"""``charloom runs``: which training runs there are and how they stand."""

import click

from charloom.core.runs import monitor as watch
from charloom.core.runs.events import bits
from charloom.core.runs.monitor import Watch
from charloom.core.sanitize import one_line
from charloom.tui.console.options import json_option
from charloom.tui.console.output import note, write, write_json
from charloom.tui.console.table import write_table
from charloom.tui.formatting import run_status as standing
from charloom.tui.formatting.durations import clock

_NAME = 40  # characters of a name that are shown: as many as one has that is made of a title
_REASON = 300


@click.command()
@json_option
def runs(as_json: bool) -> None:
    """List the training runs, those at work first, then the newest.

    The loss is the best on held-out text so far. --json writes one object per run, on a line, with
    losses in nats per character.
    """
    found = [Watch(folder) for folder in watch.runs()]
    for run in found:
        run.refresh()
        while run.behind:
            run.refresh()
    found.sort(key=lambda run: run.state not in standing.LIVE)
    if as_json:
        for run in found:
            write_json(standing.record(run))
    elif found:
        headings = ("name", "step", "done", "left", "bits/char", "state")
        write_table("<>>>><", headings, *map(_row, found))
        reasons = [run for run in found if run.reason]
        write("\n" * bool(reasons))
        for run in reasons:
            write(f"{one_line(run.name, _NAME)}: {one_line(run.reason, _REASON)}\n")
    else:
        note("There is no run yet; `charloom train` begins one.")


def _row(run: Watch) -> tuple[str, ...]:
    step, left, best = standing.step(run), standing.left(run), standing.best(run)
    return (
        one_line(run.name, _NAME),
        "" if step is None else f"{step:,}",
        f"{standing.fraction(run):.0%}" if run.progress else "",
        "" if left is None else clock(left),
        f"{bits(best[1]):.3f}" if best else "",
        f"{standing.mark(run.state)} {standing.word(run.state)}",
    )
