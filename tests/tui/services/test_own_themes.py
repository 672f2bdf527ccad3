"""The user's own themes: files with colours, which are mended like the bundled ones."""

from pathlib import Path

import pytest
from textual.color import Color

from charloom.core.files import make_folder
from charloom.tui.app import CharloomApp
from charloom.tui.formatting.contrast import contrast
from charloom.tui.services import preferences
from charloom.tui.services.own_themes import load_themes
from charloom.tui.services.preferences import Preferences
from charloom.tui.settings.screen import ThemeList
from tests.tui.helpers.driving import SMALL, app_at, notifications, until

MUD = 'primary = "#555544"\nbackground = "#444433"\nforeground = "#4a4a40"\ndark = true\n'


def write(home: Path, name: str, text: str) -> Path:
    """Write a theme into the folder of this test's home."""
    path = make_folder(home / "themes") / name
    path.write_text(text)
    return path


def test_a_theme_has_the_name_of_its_file_or_its_own(home: Path) -> None:
    write(home, "a.toml", 'primary = "teal"\nname = "Night sea"\ndark = false')
    write(home, "b.toml", 'primary = "#123456"\npanel = "red"\n')
    write(home, "notes.txt", "no theme")
    themes, problems = load_themes(home / "themes", ())
    assert not problems
    assert [(theme.name, theme.dark) for theme in themes] == [("Night sea", False), ("b", True)]
    assert themes[0].primary == "teal" and themes[1].panel == "red"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("primary = 5", 'primary is an opaque colour such as "#c9a86a" or "teal", not 5.'),
        ('primary = "blu"', "primary is an opaque colour"),
        ('primary = "ansi_red"', "primary is an opaque colour"),
        ('primary = "#11223344"', "primary is an opaque colour"),
        ('primary = "red"\npanel = "x;y"', "panel is an opaque colour"),
        ('accent = "red"', "A theme needs a primary colour"),
        ('primary = "red"\nacent = "red"', "There is no 'acent'; did you mean 'accent'?"),
        ('primary = "red"\nansi = true', "There is no 'ansi'"),
        ('primary = "red"\ndark = "no"', "dark is true or false, not 'no'."),
        ('primary = "red"\nname = "a\\u001bb"', "name is a text of 1 to 40 characters."),
        ('primary = "red"\nname = "taken"', "There is another theme 'taken'"),
        ("primary = ", "The file is not valid TOML: "),
    ],
)
def test_a_file_that_is_no_theme_is_one_sentence(home: Path, text: str, sentence: str) -> None:
    path = write(home, "broken.toml", text)
    write(home, "whole.toml", MUD)
    themes, problems = load_themes(home / "themes", {"taken"})
    assert [theme.name for theme in themes] == ["whole"]
    assert len(problems) == 1 and problems[0].startswith(f"{path}: {sentence}")


async def test_it_is_offered_and_legible_and_a_broken_one_is_a_warning(home: Path) -> None:
    write(home, "mud.toml", MUD)
    broken = write(home, "broken.toml", "primary = 1")
    preferences.save(Preferences(theme="mud"))
    app = app_at("settings")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: notifications(app))
        assert notifications(app)[0].startswith(f"{broken}: primary is an opaque colour")
        assert app.theme == "mud"
        assert "mud" in app.screen.query_one(ThemeList)._names
        colors = app.get_css_variables()
        grounds = [Color.parse(colors[name]) for name in ("background", "surface", "panel")]
        for name, ratio in (("foreground", 7), ("primary", 4.5), ("accent", 4.5), ("error", 4.5)):
            assert all(contrast(Color.parse(colors[name]), g) >= ratio for g in grounds), name
        assert colors["background"] == "#444433"


async def test_a_theme_that_is_gone_is_reported_if_the_file_names_it(home: Path) -> None:
    make_folder(home)
    (home / "config.toml").write_text('theme = "mud"\n')
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: notifications(app))
        assert notifications(app) == [f"{home}/config.toml: There is no theme 'mud'."]
        assert app.theme == "charloom-dark"
