"""The loss chart as a picture: both curves, what was trained, and how."""

import math
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from charloom.core.runs.run import read_run_config
from charloom.tui.charts.canvas import Axis
from charloom.tui.charts.chart_picture import chart_picture, runs_picture
from charloom.tui.charts.curves import ChartData, View
from charloom.tui.cli import cli
from charloom.tui.dialogs.save_file import SaveFileDialog
from charloom.tui.formatting.shell_commands import train_command
from charloom.tui.formatting.themes import DARK
from charloom.tui.train.chart_screen import ChartScreen
from tests.helpers.small_models import create
from tests.tui.helpers.driving import LARGE, app_at, until
from tests.tui.helpers.run_folders import course, end, write_run

LN2 = math.log(2)
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


def test_several_runs_have_lines_of_their_own_and_a_legend_with_them() -> None:
    losses = [[(step, 3 - slot - step / 1_000) for step in range(1_000)] for slot in range(2)]
    runs = [
        ChartData(validation=losses[slot], name=f"<{slot}>", slot=slot, chars_per_step=10)
        for slot in range(2)
    ]
    view = View(unit="characters", smoothing=0)
    svg = ElementTree.fromstring(runs_picture(runs, view))
    lines = svg.findall(f".//{SVG}polyline")
    strokes = [(line.get("stroke"), line.get("stroke-dasharray")) for line in lines]
    assert strokes == [(DARK.accent, None), (DARK.secondary, "9 9")]
    samples = [path for path in svg.findall(f".//{SVG}path") if path.get("stroke-width") == "2"]
    assert strokes == [(path.get("stroke"), path.get("stroke-dasharray")) for path in samples]
    text = "\n".join(svg.itertext())
    for slot in range(2):
        assert f"<{slot}>" in text and f"best {(2.001 - slot) / LN2:.2f}" in text
    assert "\ncharacter\n" in text and "by characters" in text and "2 runs" in text

    zoomed = ElementTree.fromstring(runs_picture(runs, replace(view, window=Axis(2_500, 5_000))))
    points = (zoomed.findall(f".//{SVG}polyline")[0].get("points") or "").split()
    assert len(points) == 251  # steps 250 to 500
    nothing = replace(view, window=Axis(20_000, 30_000))
    assert ElementTree.fromstring(runs_picture(runs, nothing)).tag == f"{SVG}svg"


async def test_x_saves_the_chart_of_marked_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("sea", "moor"):
        write_run(name, *course(1_500), end("stopped"))
    app = app_at("train")
    async with app.run_test(size=LARGE) as pilot:
        await until(pilot, lambda: len(app.services.runs.all()) == 2)
        await pilot.press("space", "down", "space", "l")
        await until(pilot, lambda: isinstance(app.screen, ChartScreen))
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, SaveFileDialog))
        await pilot.press("enter")
        await until(pilot, lambda: Path("chart-runs.svg").is_file())
        await until(pilot, lambda: isinstance(app.screen, ChartScreen))
    text = "".join(ElementTree.parse("chart-runs.svg").getroot().itertext())
    assert "sea" in text and "moor" in text


def test_a_run_without_losses_has_a_picture() -> None:
    assert ElementTree.fromstring(chart_picture("new", ChartData(), [], "")).tag == f"{SVG}svg"


def test_the_command_trains_with_the_same_settings() -> None:
    config = read_run_config(create("sea", steps=70, tie_weights=True))
    program, name, *arguments = train_command(config).split()
    assert (program, name) == ("charloom", "train")
    with cli.make_context(program, [name, *arguments]) as parent:
        command = cli.get_command(parent, name)
        assert command
        options = command.make_context(name, arguments, parent).params
    assert options["texts"] == (config.source,) and options["preset"] == config.preset
    for setting, value in config.overrides.items():
        assert options[setting] == value, setting


async def test_x_saves_the_chart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_run("sea", *course(1_500), end("stopped"))
    app = app_at("train")
    async with app.run_test(size=LARGE) as pilot:
        await until(pilot, lambda: app.services.runs.get("sea"))
        await pilot.press("l")
        await until(pilot, lambda: isinstance(app.screen, ChartScreen))
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, SaveFileDialog))
        await pilot.press("enter")
        path = tmp_path / "chart-sea.svg"
        await until(pilot, path.exists)
        text = "".join(ElementTree.parse(path).getroot().itertext())
        assert "bits/char at step" in text and "charloom train" in text and "sea" in text
