"""`charloom runs`: fixed runs, and how they are listed."""

import json
import math
from dataclasses import replace
from pathlib import Path

from charloom.core.runs import events
from charloom.core.runs.events import (
    Evaluating,
    Event,
    Finished,
    Paused,
    Preparing,
    Started,
    Validated,
    bits,
)
from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.run_cli import call, needs_terminal, on_terminal
from tests.tui.helpers.run_folders import at_work, course, end, write_run

LN2 = math.log(2)

KEYS = [
    *("name", "state", "base", "step", "fraction", "eta_seconds"),
    *("loss", "val_loss", "best_val_loss", "best_step"),
    *("counted_characters", "standard_error", "reason"),
]


def best(run_events: list[Event]) -> float:
    return min(event.best_val_loss for event in run_events if isinstance(event, Validated))


def table(out: str) -> dict[str, list[str]]:
    return {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.strip()}


def test_an_empty_store_says_what_to_do(home: Path) -> None:
    assert call("runs") == (0, "", "No runs yet. `charloom train` starts one.\n")
    assert call("runs", "--json") == (0, "", "")
    save_model("imported", random_checkpoint())
    assert call("runs").out == ""


def test_runs_are_listed_with_their_status_live_ones_first() -> None:
    write_run("done", *course(), end())
    write_run("fresh")
    write_run("broken", *course(300), end("failed", "The loss is no number; lower --rate."))
    working = write_run("working", *course())
    write_run("newest", *course(600), end("stopped"))
    with at_work(working):
        out = call("runs").out
    rows = table(out)
    loss = f"{bits(best(course())):.3f}"
    assert list(rows)[:3] == ["name", "working", "newest"]
    assert rows["name"] == ["step", "done", "left", "bits/char", "state"]
    assert rows["working"] == ["4,200", "47%", "2:30", loss, "●", "training"]
    assert rows["done"] == ["4,200", "47%", loss, "✓", "completed"]
    assert rows["fresh"] == ["·", "not", "yet", "trained"]
    assert rows["newest"][-2:] == ["■", "stopped"]
    assert "✗ failed\n" in out
    assert out.endswith("\nbroken: The loss is no number; lower --rate.\n")


def test_a_run_says_which_model_it_started_from() -> None:
    started, *rest = course()
    assert isinstance(started, Started)
    write_run("diary", replace(started, base="english@12000"), *rest)
    assert "\n\nenglish@12000 → diary\ndiary: The training process was" in call("runs").out
    assert json.loads(call("runs", "--json").out)["base"] == "english@12000"


def test_json_is_an_object_a_line_with_null_for_unknown_values() -> None:
    write_run("fresh")
    folder = write_run("sea", *course(), Paused(4_200))
    with at_work(folder):
        sea, fresh = map(json.loads, call("runs", "--json").out.splitlines())
    assert [list(record) for record in (sea, fresh)] == [KEYS, KEYS]
    assert fresh == dict.fromkeys(KEYS) | {"name": "fresh", "state": "untrained"}
    now = course()[-4]
    assert sea == {
        "name": "sea",
        "state": "paused",
        "base": None,
        "step": 4_200,
        "fraction": 4_200 / 9_000,
        "eta_seconds": 150.0,
        "loss": getattr(now, "loss", None),
        "val_loss": best(course()),
        "best_val_loss": best(course()),
        "best_step": 4_200,
        "counted_characters": 24_000,
        "standard_error": None,
        "reason": None,
    }


def test_a_killed_run_and_a_failed_run_give_a_reason() -> None:
    folder = write_run("killed", *course(300))
    folder.trainer_log.write_text("Bus error\n")
    write_run("failed", Finished.failed("There is not enough memory."))
    records = map(json.loads, call("runs", "--json").out.splitlines())
    by_name = {record["name"]: record for record in records}
    assert (by_name["killed"]["state"], by_name["killed"]["reason"]) == ("interrupted", "Bus error")
    assert by_name["killed"]["eta_seconds"] is None and by_name["killed"]["step"] == 300
    assert by_name["failed"]["reason"] == "There is not enough memory."
    assert by_name["failed"]["step"] is None


def test_the_figures_of_a_long_log_are_those_of_its_end() -> None:
    folder = write_run("sea", *course(300))
    early = folder.metrics.read_bytes()
    folder.metrics.write_bytes(early * (1 + (1 << 20) // len(early)))
    for event in [*course()[-10:], Paused(4_200, "There is no room on this disk.")]:
        events.record(folder, event)
    with at_work(folder):
        record = json.loads(call("runs", "--json").out)
    assert (record["state"], record["step"], record["best_step"]) == ("paused", 4_200, 4_200)
    assert record["reason"] == "There is no room on this disk."


def test_nothing_in_a_log_acts_on_the_terminal() -> None:
    write_run("sea", *course(300), end("failed", "\x1b[2J[bold]gone\n\u202e!"))
    out = call("runs").out
    assert "sea: ␛[2J[bold]gone↵␦!" in out


@needs_terminal
def test_the_longest_names_and_states_fit_a_terminal_of_80_columns() -> None:
    write_run("frankenstein-or-the-modern", *course(4_200, 9_000_000), end("no longer improving"))
    assert "  4,200    0%        1.926      ✓ no longer improving\n" in shown_on_80_columns()
    write_run("x" * 64, *course(), end())
    heading, *rows = shown_on_80_columns().splitlines()
    assert heading.startswith("name") and heading.rstrip().endswith("state")
    assert all(len(row) <= 80 for row in rows)
    assert "x" * 26 + "…  4,200" in rows[0] + rows[1]
    assert "✓ no longer improving" in rows[0] + rows[1]


def shown_on_80_columns() -> str:
    return on_terminal("runs", environment={"COLUMNS": "80", "LINES": "24"}).out


def test_a_run_whose_best_checkpoint_is_measured_is_evaluating() -> None:
    with at_work(write_run("sea", *course(), Evaluating(4_200, 100_000, 400_000, 75.0))):
        record = json.loads(call("runs", "--json").out)
        assert (record["state"], record["eta_seconds"]) == ("evaluating", 75.0)
        assert call("runs").out.splitlines()[1].endswith("● evaluating 25%")


def test_a_run_that_reads_its_text_is_starting() -> None:
    with at_work(write_run("sea", Preparing(0.4))):
        assert call("runs").out.splitlines()[1].endswith("● starting 40%")


def test_a_run_that_has_only_begun_has_a_step_and_no_figures() -> None:
    with at_work(write_run("sea", course()[0])):
        record = json.loads(call("runs", "--json").out)
    assert record == dict.fromkeys(KEYS) | {"name": "sea", "state": "training", "step": 0}


def test_a_score_on_few_characters_is_shown_as_such() -> None:
    few = Validated(100, 2.5, bits(2.5), 2.5, 100, counted_characters=26, seconds=0.1)
    write_run("sea", *course(100), few, end())
    assert f"{bits(2.5):.3f} (on 26 characters)" in call("runs").out
    assert json.loads(call("runs", "--json").out)["counted_characters"] == 26


def compared(*names: str) -> dict[str, list[str]]:
    """Return the cells of the comparison by the heading of their row."""
    lines = call("runs", "--compare", *names).out.splitlines()
    start = lines[0].index(names[0])
    return {line[:start].strip(): line[start:].split() for line in lines}


def test_runs_are_compared_side_by_side_with_the_settings_that_differ() -> None:
    started, *rest = course()
    assert isinstance(started, Started)
    network, training = started.model | {"layers": 2}, started.training | {"learning_rate": 0.01}
    other = replace(started, parameters=99, base="english@12", model=network, training=training)
    errors = [
        replace(event, standard_error=0.0123 * LN2) if isinstance(event, Validated) else event
        for event in rest
    ]
    write_run("sea", started, *rest, replace(end(), standard_error=0.003 * LN2))
    write_run("moor", other, *errors, title="Moor")
    rows = compared("sea", "moor")
    assert rows == {
        "": ["sea", "moor"],
        "state": ["✓", "completed", "!", "interrupted"],
        "started from": ["english@12"],
        "text": ["The", "Grey", "Sea", "Moor"],
        "characters": ["444,000", "444,000"],
        "vocabulary": ["71", "71"],
        "hidden": ["512", "512"],
        "layers": ["1", "2"],
        "parameters": [f"{started.parameters:,}", "99"],
        "step": ["4,200", "4,200"],
        "elapsed": ["2:11", "2:11"],
        "chars/s": ["51,204", "51,204"],
        "best step": ["4,200", "4,200"],
        "bits/char": [f"{bits(best(rest)):.3f}", f"{bits(best(rest)):.2f}", "±0.01"],
        "carried": [f"{bits(1.3301):.3f}", "±0.003"],
        "windowed": [f"{bits(1.3702):.3f}", "±0.003"],
        "--rate": ["0.004", "0.01"],
    }
    sea, moor = map(json.loads, call("runs", "--compare", "sea", "moor", "--json").out.splitlines())
    assert (sea["name"], sea["text"], sea["final_val_loss"]) == ("sea", "The Grey Sea", 1.3301)
    assert (sea["final_windowed_256"], moor["final_windowed_256"]) == (1.3702, None)
    assert moor["settings"] == network | training and moor["parameters"] == 99
    assert moor["standard_error"] == 0.0123 * LN2


def test_a_comparison_needs_two_runs_that_exist() -> None:
    write_run("sea", *course())
    write_run("fresh")
    for arguments in (("--compare",), ("--compare", "sea"), ("sea", "fresh")):
        done = call("runs", *arguments)
        assert done.code == 2 and "Name the runs to compare after --compare" in done.err
    done = call("runs", "--compare", "sea", "see")
    assert done.code == 1 and done.err.endswith(
        "There is no run 'see'; `charloom runs` lists them.\n"
    )
    rows = compared("sea", "fresh")  # of which one has no settings yet
    assert "--rate" not in rows and rows["state"] == [
        "!",
        "interrupted",
        "·",
        "not",
        "yet",
        "trained",
    ]


@needs_terminal
def test_a_comparison_of_three_runs_fits_a_terminal_of_80_columns() -> None:
    for name in ("a-lowly-cottage", "x" * 64, "sea"):
        write_run(name, *course(), end("no longer improving"), title="A long title " * 4)
    runs = ("runs", "--compare", "a-lowly-cottage", "x" * 64, "sea")
    out = on_terminal(*runs, environment={"COLUMNS": "80", "LINES": "24"}).out
    heading, *rows = out.splitlines()
    assert heading.split()[0] == "a-lowly-cottage" and heading.rstrip().endswith("sea")
    assert all(len(row) <= 80 for row in rows)
