import os
import shutil

import pytest

from charloom.core.errors import (
    BeingTrainedError,
    CharloomError,
    MissingTextError,
    SettingError,
    UnknownModelError,
    UnknownTextError,
)
from charloom.tui.console.output import error_message, write_table

ROWS = (
    ("model", "hidden", "parameters", "step", "nats/char", "bits/char", "saved", "MB", "text"),
    (
        "weaver",
        "512",
        "3,456,789",
        "12,345",
        "1.0123",
        "1.4604",
        "4",
        "55.1",
        "Moby-Dick; or, The",
    ),
    ("x" * 64, "2×8", "1", "1", "", "", "1", "0.1", "A sea"),
)


def table(columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((columns, 24)))
    write_table("<>>>>>>><", *ROWS)
    return capsys.readouterr().out


@pytest.mark.parametrize("columns", [30, 40, 60, 80, 100, 200])
def test_no_number_is_lost_on_a_narrow_terminal(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = table(columns, monkeypatch, capsys)
    assert all(len(line) <= columns for line in shown.splitlines())
    for value in ROWS[1][:-1]:
        assert value in shown


def test_a_row_is_a_paragraph_where_no_table_fits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, *rest = table(40, monkeypatch, capsys).splitlines()
    assert first == "weaver"
    assert rest[0].startswith("  hidden 512 · parameters 3,456,789")
    assert "…" in table(90, monkeypatch, capsys).splitlines()[2]


@pytest.mark.parametrize(
    ("error", "neutral", "added"),
    [
        (SettingError("hidden_size", "is odd.", "hidden"), "‘hidden’ is odd.", "--hidden is odd."),
        (UnknownModelError("No x."), "No x.", "No x. `charloom models` lists them all."),
        (UnknownTextError("No x."), "No x.", "No x. `charloom corpus` lists the catalog."),
        (
            MissingTextError("No text."),
            "No text.",
            "No text. Fetch it with `charloom corpus get`, or name another text.",
        ),
        (
            BeingTrainedError("my sea"),
            "'my sea' is being trained.",
            "'my sea' is being trained. "
            "`charloom attach 'my sea'` shows it, `charloom stop 'my sea'` stops it.",
        ),
        (CharloomError("There is no '--a'."), "There is no '--a'.", "There is no '--a'."),
    ],
)
def test_the_command_line_adds_options_and_commands(
    error: CharloomError, neutral: str, added: str
) -> None:
    assert str(error) == neutral
    assert error_message(error) == added
