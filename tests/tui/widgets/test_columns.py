"""Columns of tables and lists: as wide as their texts where there is room, else cut."""

import pytest
from textual.app import App, ComposeResult

from charloom.core.data import catalog
from charloom.tui.formatting.columns import fit_columns
from charloom.tui.train.run_list import RunList
from charloom.tui.widgets.data_table import RowTable
from charloom.tui.widgets.text_chooser import TextChooser
from tests.tui.helpers.driving import APP_CSS, app_at, screen_text, until
from tests.tui.helpers.run_folders import course, write_run

TITLE = "The Strange Case of a Title that is Longer than Most"
NAME = "a-model-with-a-name-of-forty-two-characters"


class Widgets(App[None]):
    """A table with a long name, a number and a long text; or the catalogue."""

    CSS_PATH = APP_CSS

    def __init__(self, widget: RowTable | TextChooser) -> None:
        super().__init__()
        self.widget = widget

    def compose(self) -> ComposeResult:
        yield self.widget


def text(app: App[None]) -> str:
    width, height = app.size
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.crop(0, width).text for strip in strips[:height])


@pytest.mark.parametrize(
    ("widths", "room", "minimum", "fitted"),
    [
        ([5, 9, 3], 17, 4, [5, 9, 3]),
        ([5, 9, 3], 15, 4, [5, 7, 3]),
        ([5, 9, 3], 11, 4, [4, 4, 3]),
        ([5, 9, 3], 2, 4, [4, 4, 3]),
        ([6, 6], 11, 1, [5, 6]),
    ],
)
def test_the_widest_columns_are_narrowed(
    widths: list[int], room: int, minimum: int, fitted: list[int]
) -> None:
    assert fit_columns(widths, room, minimum) == fitted


async def test_a_table_uses_the_width_that_is_there() -> None:
    table = RowTable("model|>step|text", id="table")
    app = Widgets(table)
    async with app.run_test(size=(120, 8)) as pilot:
        table.fill({"one": (NAME, "1,234", TITLE)})
        await until(pilot, lambda: NAME in text(app) and TITLE in text(app))
        await pilot.resize_terminal(80, 8)
        await until(pilot, lambda: f"{TITLE[:20]}" in text(app) and "…" in text(app))
        assert "1,234" in text(app) and NAME[:30] in text(app)
        await pilot.resize_terminal(40, 8)
        await until(pilot, lambda: f"{NAME[:19]}… " in text(app) and "text" not in text(app))
        assert "1,234" in text(app)
        await pilot.resize_terminal(120, 8)
        await until(pilot, lambda: NAME in text(app) and TITLE in text(app))


def whole_lines(app: App[None]) -> int:
    """Return the number of lines with the last column."""
    lines = map(str.rstrip, text(app).split("\n"))
    return sum(line.endswith(("here", "download")) for line in lines)


async def test_the_catalogue_uses_the_width_that_is_there() -> None:
    longest = max((entry.title for entry in catalog.ENTRIES), key=len)
    app = Widgets(TextChooser([]))
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: longest in text(app))
        assert all(entry.title in text(app) for entry in catalog.ENTRIES)
        assert all(entry.author in text(app) for entry in catalog.ENTRIES)
        for width in (80, 60):
            await pilot.resize_terminal(width, 40)
            await until(pilot, lambda: whole_lines(app) == len(catalog.ENTRIES))
            assert longest not in text(app) and "Alice's Adv" in text(app)


async def test_the_runs_use_the_width_that_is_there() -> None:
    write_run(NAME, *course())
    app = app_at("train")
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: f"{NAME}  47%  1.93" in screen_text(app))
        await pilot.resize_terminal(160, 40)
        row = app.screen.query_one(RunList)
        await until(pilot, lambda: row.region.width == 46 and "… " in screen_text(app))
        await until(pilot, lambda: "  47%  1.93" in screen_text(app))
