"""The loss chart as a picture: both curves, what was trained, and how."""

from pathlib import Path
from xml.etree import ElementTree

import click
import pytest

from charloom.core.runs.run import read_run_config
from charloom.tui.charts.chart_picture import chart_picture
from charloom.tui.charts.curves import ChartData
from charloom.tui.cli import cli
from charloom.tui.dialogs.save_file import SaveFileDialog
from charloom.tui.formatting.shell_commands import train_command
from charloom.tui.train.chart_screen import ChartScreen
from tests.helpers.small_models import create
from tests.tui.helpers.driving import LARGE, app_at, until
from tests.tui.helpers.run_folders import course, end, write_run

SVG = "{http://www.w3.org/2000/svg}"


def test_the_curves_descend_in_their_colours() -> None:
    train = [(step, 3 - step / 1_000) for step in range(1_000)]
    svg = ElementTree.fromstring(chart_picture("a < b", ChartData(train, train[::100]), [], ""))
    lines = svg.findall(f".//{SVG}polyline")
    assert len(lines) == 2 and len({line.get("stroke") for line in lines}) == 2
    for line in lines:
        points = [tuple(map(float, pair.split(","))) for pair in (line.get("points") or "").split()]
        assert points == sorted(points) and points[-1][1] > points[0][1]  # y is down
    text = "".join(svg.itertext())
    assert "a < b" in text and "bits/char" in text and "validation" in text


def test_a_run_without_losses_has_a_picture() -> None:
    assert ElementTree.fromstring(chart_picture("new", ChartData(), [], "")).tag == f"{SVG}svg"


def test_the_command_trains_with_the_same_settings() -> None:
    config = read_run_config(create("sea", steps=70, tie_weights=True))
    program, name, *arguments = train_command(config).split()
    assert (program, name) == ("charloom", "train")
    command = cli.get_command(click.Context(cli), "train")
    assert command
    options = command.make_context("train", arguments).params
    assert options["texts"] == (config.source,) and options["preset"] == config.preset
    for setting, value in config.overrides.items():
        assert options[setting] == value, setting


async def test_x_saves_the_chart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_run("sea", *course(1_500), end("stopped"))
    app = app_at("train")
    async with app.run_test(size=LARGE) as pilot:
        await until(pilot, lambda: app.services.runs.get("sea"))
        await pilot.press("v")
        await until(pilot, lambda: isinstance(app.screen, ChartScreen))
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, SaveFileDialog))
        await pilot.press("enter")
        path = tmp_path / "chart-sea.svg"
        await until(pilot, path.exists)
        text = "".join(ElementTree.parse(path).getroot().itertext())
        assert "bits/char at step" in text and "charloom train" in text and "sea" in text
