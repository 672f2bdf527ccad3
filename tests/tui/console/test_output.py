import os
import shutil

import pytest

from charloom.tui.console.output import write_table

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
