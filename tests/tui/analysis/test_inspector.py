"""The inspector: surprise and units of a text."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from textual.color import Color
from textual.containers import VerticalScroll
from textual.pilot import Pilot
from textual.theme import Theme

from charloom.core.analysis.activations import MAX_CHARACTERS, UnitSignal, trace
from charloom.core.analysis.unit_probes import rank_units, strong_spans
from charloom.core.data import catalog
from charloom.core.data.vocab import Vocab
from charloom.core.model.metadata import CorpusInfo
from charloom.core.runs.run import read_run_config
from charloom.tui.analysis.inspector import InspectorScreen
from charloom.tui.app import CharloomApp
from charloom.tui.dialogs.text_picker import TextPicker
from charloom.tui.formatting.contrast import contrast
from charloom.tui.formatting.themes import DARK, HEAT_COLORS, LIGHT
from charloom.tui.messages import OpenInspector
from charloom.tui.services.model_cache import load_model
from charloom.tui.services.text_source import TextKind, TextSource
from charloom.tui.widgets.color_scale import BITS, CELL, GATE, UNKNOWN
from charloom.tui.widgets.heatmap_text import HeatmapLegend, HeatmapText
from charloom.tui.widgets.inputs import SafeInput
from charloom.tui.widgets.text_chooser import TextChooser
from tests.helpers.child_process import TEXT
from tests.helpers.factories import random_checkpoint, ref, save_model
from tests.helpers.small_models import create
from tests.tui.helpers.driving import LARGE, SMALL, app_at, flat_text, screen_text, until
from tests.tui.library.helpers import HOSTILE, models

Compare = Callable[..., bool]
PASSAGE = (
    "The Wind (it was low) was not heard.\n"
    "“Come in,” said the Loom; “it is late.” Nobody spoke of\nthe Letter (nor of the Lamp).\n\n"
) * 6

STRANGE = (
    (HOSTILE, "[bold]␛[31mred␛]0;title␇[/]"),
    ("☃☃", "too short to inspect"),
    (PASSAGE, f"over {len(PASSAGE) - 1:,} "),
)


@pytest.fixture(autouse=True)
def model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORTERM", "truecolor")
    known = "".join(Vocab.from_text(PASSAGE).chars)
    save_model("weaver", random_checkpoint(known, layers=2, hidden_size=12, seed=4))


@asynccontextmanager
async def inspecting(
    text: str = PASSAGE, size: tuple[int, int] = SMALL
) -> AsyncIterator[tuple[CharloomApp, Pilot[None], InspectorScreen]]:
    """Open the inspector on ``text`` with a small model."""
    app = app_at("settings")
    async with app.run_test(size=size, notifications=True) as pilot:
        screen = InspectorScreen(
            app.services, load_model(ref("weaver")), lambda: ("a passage", text)
        )
        await app.push_screen(screen)
        await until(pilot, lambda: "Surprise: " in screen_text(app))
        yield app, pilot, screen


def reads(app: CharloomApp, words: str) -> bool:
    return isinstance(app.screen, InspectorScreen) and words in screen_text(app)


def figure(app: CharloomApp, what: str) -> float:
    line = next(line for line in screen_text(app).splitlines() if what in line)
    return float(line.split(what)[1].split()[0])


async def test_units_are_listed_with_what_they_track_and_shown_at_the_cursor() -> None:
    async with inspecting() as (app, pilot, screen):
        result = trace(screen._model.network, PASSAGE)
        await until(
            pilot,
            lambda: (
                f"{result.bits_per_char:.2f} bits/char over {len(PASSAGE) - 1:,}"
                in screen_text(app)
            ),
        )
        ranked = rank_units(result)
        await pilot.press("v")
        for place in (0, 1):
            probe = ranked[place]
            number = f"{probe.layer + 1}.{probe.unit + 1}"
            assert f"Cell of unit {number} " in screen_text(app)
            assert f": {probe.tracks}" in screen_text(app)
            screen._heatmap.position = 37
            await pilot.pause()
            for signal, name in ((UnitSignal.CELL, "tanh c"), (UnitSignal.FORGET, "forget gate")):
                value = result.signal(signal, probe.layer, probe.unit)[37]
                assert figure(app, name) == pytest.approx(value, abs=0.006)
            await pilot.press("]")
        await pilot.press("[")
        assert screen._unit == ranked[1][:2]
        await pilot.press("C", "C")
        await until(pilot, lambda: "Input of unit" in screen_text(app))
        values = result.signal(UnitSignal.INPUT, *screen._unit)
        np.testing.assert_array_equal(screen._heatmap._levels, GATE.levels(values))


async def test_keys_go_to_strong_spans_and_to_any_unit() -> None:
    async with inspecting() as (app, pilot, screen):
        await pilot.press("v", "colon")
        await until(pilot, lambda: app.screen.query(SafeInput))
        for wrong, message in (("7", "is not layer.number"), ("3.1", "layers 1 to 2 with units")):
            app.screen.query_one(SafeInput).value = wrong
            await pilot.press("enter")
            assert message in flat_text(app)
        app.screen.query_one(SafeInput).value = "2.5"
        await pilot.press("enter")
        await until(pilot, lambda: "Cell of unit 2.5 " in screen_text(app))
        cell = trace(screen._model.network, PASSAGE).signal(UnitSignal.CELL, 1, 4)
        sign = screen._probe.sign if screen._probe else 1
        starts = [span.start for span in strong_spans(cell, sign)]
        assert len(starts) > 2
        assert starts[0] > 0
        for start in starts[:3]:
            await pilot.press("n")
            assert screen._heatmap.position == start
        await pilot.press("N")
        assert screen._heatmap.position == starts[1]
        screen._heatmap.position = len(PASSAGE) - 1
        await pilot.press("n")
        assert screen._heatmap.position == starts[0]


async def test_the_cursor_moves_as_in_any_text_and_stays_visible() -> None:
    async with inspecting() as (_, pilot, screen):
        at = screen._heatmap
        for keys, position in (
            (["left"], 0),
            (["right"] * 4, 4),
            (["ctrl+right"], 9),
            (["ctrl+left", "ctrl+left"], 0),
            (["right", "down"], PASSAGE.index("\n") + 2),
            (["up"], 1),
            (["end"], len(PASSAGE) - 1),
        ):
            await pilot.press(*keys)
            assert at.position == position
        page = screen.query_one(VerticalScroll)
        await until(pilot, lambda: page.scroll_y > 0)
        await pilot.press("home")
        await until(pilot, lambda: at.region.y == page.content_region.y)
        await pilot.click(HeatmapText, offset=(6, 1))
        assert at.position == PASSAGE.index("\n") + 7


async def test_another_text_is_read_from_any_position_and_control_characters_do_not_act() -> None:
    async with inspecting() as (app, pilot, screen):
        for text, seen in STRANGE:
            await pilot.press("w")
            await until(pilot, lambda: isinstance(app.screen, TextPicker))
            app.screen.query_one(TextChooser).post_message(
                TextChooser.Chosen(TextSource(TextKind.PASTED, text))
            )
            await until(pilot, partial(reads, app, seen))
        for place, seen in (
            ("Nobody spoke", f"over {len(PASSAGE) - PASSAGE.index('Nobody') - 1:,} "),
            ("37", f"over {len(PASSAGE) - 37 - 1:,} "),
            ("nowhere", "‘start’ 'nowhere' is not in the text"),
        ):
            await pilot.press("slash")
            await until(pilot, lambda: app.screen.query(SafeInput))
            app.screen.query_one(SafeInput).value = place
            await pilot.press("enter")
            await until(pilot, partial(reads, app, seen))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is not screen)


async def test_the_column_of_a_table_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(f'id,said\n1,"{PASSAGE}"\n')
    async with inspecting() as (app, pilot, _):
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, TextPicker))
        app.screen.query_one(TextChooser).post_message(
            TextChooser.Chosen(TextSource.from_paths([path]))
        )
        await until(pilot, lambda: "must be given for" in flat_text(app))
        await pilot.press(*"sad", "enter")
        await until(pilot, lambda: "'sad' is not a column of" in flat_text(app))
        await until(pilot, lambda: "'said'" in flat_text(app))
        app.screen.query_one(SafeInput).value = "said"
        await pilot.press("enter")
        await until(pilot, partial(reads, app, f"over {len(PASSAGE.rstrip()):,} "))


async def test_a_model_of_the_library_is_inspected_on_held_out_text() -> None:
    sha256 = read_run_config(create("other")).sha256
    corpus = CorpusInfo("sea", sha256, len(TEXT), TEXT[:9])
    save_model("a-sailor", random_checkpoint(TEXT, corpus=corpus))
    app = app_at("library")
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await pilot.press("m")
        await until(pilot, lambda: models(pilot).model)
        models(pilot).table.move_cursor(row=list(models(pilot).table._filled).index("a-sailor"))
        await until(pilot, lambda: models(pilot).model.name == "a-sailor")  # type: ignore[union-attr]
        await pilot.press("i")
        await until(pilot, lambda: "held-out part of sea" in screen_text(app))
        assert isinstance(app.screen, InspectorScreen)
        assert app.screen._trace and app.screen._trace.text == TEXT[-int(len(TEXT) * 0.1) :]
        await pilot.press("escape")
        app.post_message(OpenInspector(ref("weaver@best")))
        await until(pilot, lambda: "training text is not here" in screen_text(app))
        tale = catalog.fetch("loom").text
        assert app.screen._trace and app.screen._trace.text == tale[:MAX_CHARACTERS]


@pytest.mark.parametrize("size", [SMALL, (160, 48)], ids=["small", "large"])
@pytest.mark.parametrize("what", ["surprise", "units"])
def test_how_it_looks(snap_compare: Compare, what: str, size: tuple[int, int]) -> None:
    app = app_at("settings")

    async def before(pilot: Pilot[None]) -> None:
        await app.push_screen(
            InspectorScreen(app.services, load_model(ref("weaver")), lambda: ("a passage", PASSAGE))
        )
        await until(pilot, lambda: "Surprise: " in screen_text(app))
        await pilot.press(*(["v", "n"] if what == "units" else ["down", "right", "right"]))
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=before)


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_letters_are_legible_on_every_heat_colour_and_colours_go_from_dark_to_bright(
    theme: Theme,
) -> None:
    app = CharloomApp()
    app.theme = theme.name
    variables = app.get_css_variables()
    for ground in HEAT_COLORS:
        ink = Color.parse(variables[f"{ground}-ink"])
        assert contrast(ink, Color.parse(variables[ground])) >= 4.5
    page = Color.parse(variables["background"])
    for name, levels in (("heat", 5), ("cold", 3), ("warm", 3)):
        row = [Color.parse(variables[f"{name}-{n}"]) for n in range(1, levels + 1)]
        away = [contrast(color, page) for color in row]
        assert away == sorted(away)
        assert all(other / one > 1.15 for one, other in pairwise(away))


def test_levels_are_cut_where_the_legend_says() -> None:
    values = np.array([np.nan, 0, 0.99, 1, 3.9, 4, 100])
    assert BITS.levels(values).tolist() == [UNKNOWN, 0, 0, 1, 2, 3, 5]
    assert CELL.levels(np.array([-1, -0.1, 0.1, 0.9])).tolist() == [0, 3, 3, 6]
    for scale in (BITS, GATE, CELL):
        levels = len(scale.edges) + 1
        assert len(scale.colors) == len(scale.marks) == len(scale.labels) == levels
        assert len(set(scale.marks)) == levels
        HeatmapLegend().set_scale(scale, marks=True)
