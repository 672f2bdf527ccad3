"""The user's own defaults: what is valid is used, and the rest is a sentence."""

import re
from pathlib import Path

import platformdirs
import pytest

from charloom.core import paths
from charloom.core.errors import CharloomError
from charloom.core.files import make_folder
from charloom.tui.keymap import check_keys, key_actions
from charloom.tui.services import config_file, preferences
from charloom.tui.services.config_file import load, option_defaults, template
from charloom.tui.services.preferences import Preferences


def write(text: str | bytes) -> Path:
    """Write the configuration file of this test's home."""
    path = make_folder(paths.config_dir()) / "config.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_at_first_there_is_no_file_and_nothing_changes(home: Path) -> None:
    config = load()
    assert config.defaults == Preferences() and not config.keys
    assert not config.problems + config.key_problems and not home.exists()


def test_the_file_is_in_the_folder_of_configurations_or_in_the_home(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert paths.config_file() == home / "config.toml"
    monkeypatch.delenv("CHARLOOM_HOME")
    assert paths.config_dir() == platformdirs.user_config_path("charloom", appauthor=False)
    assert paths.themes_dir().parent == paths.config_file().parent == paths.config_dir()


def test_defaults_apply_until_something_else_is_chosen_in_the_app(home: Path) -> None:
    write('theme = "nord"\ntemperature = 1\ntop-k = 40\ncolumns = 2\nvary = "temperature"\n')
    defaults = load().defaults
    assert defaults == Preferences(
        theme="nord", temperature=1.0, top_k=40, candidate_count=2, vary_by="temperature"
    )
    assert preferences.load(defaults) == defaults
    chosen = Preferences(theme="nord", temperature=0.8, top_k=40, candidate_count=2, length=900)
    preferences.save(chosen, defaults)
    saved = (home / "preferences.json").read_text()
    assert "temperature" in saved and "theme" not in saved and "top_k" not in saved
    assert preferences.load(defaults) == chosen
    write("top-k = 7\nlength = 50\n")  # the rest of what was the file's follows it
    later = preferences.load(load().defaults)
    assert (later.temperature, later.length, later.vary_by) == (0.8, 900, "seed")
    assert (later.top_k, later.theme, later.candidate_count) == (7, "charloom-dark", 1)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("temprature = 1", "There is no setting 'temprature'; did you mean 'temperature'?"),
        ("zzz = 1", "There is no setting 'zzz'; they are theme, temperature, top-k,"),
        ('temperature = "hot"', "temperature is a number from 0.0 to 10.0, not 'hot'."),
        ("temperature = nan", "temperature is a number from 0.0 to 10.0, not nan."),
        ("temperature = true", "temperature is a number from 0.0 to 10.0, not True."),
        ("top-k = 1.5", "top-k is a whole number from 0 to 65,536, not 1.5."),
        ("pace = 61", "pace is one of 20, 60, 300, 0, not 61."),
        ("pace = false", "pace is one of 20, 60, 300, 0, not False."),
        ('until = "word"', "until is one of '', sentence, line, paragraph, not 'word'."),
        ("theme = 5", "theme is a text in quotes, not 5."),
        ("[theme]\nname = 1", "theme is a text in quotes, not {'name': 1}."),
        ("columns = 5", "columns is a whole number from 1 to 4, not 5."),
        ("seed = 5", "There is no setting 'seed'"),
        ("[keys]\nturn.star = 5", 'turn.star has keys in quotes, such as "k,ctrl+g", not 5.'),
        ("keys = 5", '[keys] has keys in quotes, such as "k,ctrl+g", not 5.'),
    ],
)
def test_what_is_wrong_is_one_sentence_with_what_is_allowed(line: str, sentence: str) -> None:
    path = write(f"min-p = 0.1\n{line}\n")
    config = load()
    (problem,) = config.problems + config.key_problems
    assert problem.startswith(f"{path}: {sentence}")
    assert config.defaults == Preferences(min_p=0.1) and not config.keys


@pytest.mark.parametrize(
    "content",
    [b"a = ", b"\xff", b"a = 1\na = 2", b"a = " + b"[" * 20_000, b"= 1 \x1b]0;x\x07"],
    ids=range(5),
)
def test_a_file_of_another_kind_is_one_sentence(content: bytes) -> None:
    path = write(content)
    config = load()
    assert config.defaults == Preferences()
    assert [p.startswith(f"{path}: The file is not valid TOML: ") for p in config.problems] == [
        True
    ]


def test_a_syntax_error_names_its_line() -> None:
    write("temperature = 1\ntop-k 5\n")
    assert "line 2" in load().problems[0]


def test_keys_are_the_same_quoted_or_dotted() -> None:
    write('[keys]\n"turn.star" = "f7"\ntrain.stop = "x, f9"\n[keys.texts]\nstar = "u"\n')
    config = load()
    assert config.keys == {"turn.star": "f7", "train.stop": "x, f9", "texts.star": "u"}
    assert not config.problems + config.key_problems


def test_the_template_explains_everything_and_changes_nothing() -> None:
    text = template(key_actions())
    path = write(text)
    assert load() == config_file.ConfigFile(path, {}, {}, (), ())
    uncommented = re.sub(r'(?m)^# ("?[a-z_.-]+"? = )', r"\1", text)
    write(uncommented)
    config = load()
    assert not config.problems + config.key_problems
    assert config.defaults == Preferences() and set(config.values) == {
        setting.name for setting in config_file.SETTINGS.values()
    }
    assert set(config.keys) == {action.id for action in key_actions()}
    assert check_keys(config.keys) == (config.keys, [])
    assert max(map(len, text.splitlines())) <= 140


def test_defaults_of_options_are_those_in_the_file_and_raise_what_is_wrong() -> None:
    assert option_defaults(["temperature"]) == {}
    write("temperature = 1.5\nlength = 9\n")
    assert option_defaults(["temperature", "top_k"]) == {"temperature": 1.5}
    write("temperature = 1.5\ntop-k = -1\n[keys]\nfoo = 1\n")
    for default in option_defaults(["temperature", "top_k"]).values():
        with pytest.raises(CharloomError, match=r"top-k is a whole number from 0"):
            default()
    write('temperature = 1.5\n[keys]\nfoo = 1\n"turn.star" = "turn"\n')
    assert option_defaults(["temperature"]) == {"temperature": 1.5}
