import json
import math
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom.core import paths
from charloom.core.errors import CharloomError
from charloom.core.files import make_folder
from charloom.core.sampling.config import SamplingConfig
from charloom.core.store.read import BUNDLED
from charloom.tui.services.preferences import Preferences, load, save
from tests.helpers.marks import is_private

FULL = Preferences(
    theme="nord",
    model="creature@4200",
    temperature=1.1,
    top_k=40,
    top_p=0.9,
    min_p=0.05,
    words="known",
    pace=300,
    length=2_000,
    seed=7,
    stop=("\n\n", "THE END"),
    until="paragraph",
    candidate_count=3,
    vary_by="temperature",
    recent_texts=("loom", "/a/text.txt"),
    alert="bell",
    welcomed=True,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
NAMES = [each.name for each in fields(Preferences)]


def written(content: bytes) -> Preferences:
    """Return what is loaded from a file with this content."""
    (make_folder(paths.home()) / "preferences.json").write_bytes(content)
    return load()


def test_at_first_there_are_defaults_and_no_file(home: Path) -> None:
    assert load() == Preferences()
    assert not home.exists()


def test_at_first_the_bundled_model_writes() -> None:
    assert Preferences().model == BUNDLED


def test_what_was_saved_is_loaded() -> None:
    save(FULL)
    assert load() == FULL
    save(Preferences())
    assert load() == Preferences()


def test_only_their_owner_reads_them(home: Path) -> None:
    save(FULL)
    assert is_private(home) and is_private(home / "preferences.json")
    assert [path.name for path in home.iterdir()] == ["preferences.json"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("temperature", value) for value in (-0.1, 10.1, math.nan, math.inf, "0.8", True)),
        *(("top_k", value) for value in (-1, 1.5, None)),
        *(("top_p", value) for value in (0.0, 1.1, math.nan)),
        *(("min_p", value) for value in (-0.1, 1.1, math.nan, None)),
        *(("words", value) for value in ("some", None, True)),
        *(("length", value) for value in (0, 1_000_000, 500.0)),
        *(("seed", value) for value in (-2, 1 << 63, "7")),
        *(("until", value) for value in ("word", None, 1)),
        *(("candidate_count", value) for value in (0, 5, "2")),
        *(("vary_by", value) for value in ("", "length", 1)),
        *(("recent_texts", value) for value in ("loom", {"loom": 1})),
        *(("theme", value) for value in (None, 5, ["nord"])),
        ("welcomed", "yes"),
        ("temperature", 10**400),
    ],
)
def test_what_makes_no_sense_is_the_default_and_the_rest_stays(name: str, value: Any) -> None:
    found = Preferences.from_json(asdict(FULL) | {name: value})
    assert getattr(found, name) == getattr(Preferences(), name)
    assert {n: getattr(found, n) for n in NAMES if n != name} == {
        n: getattr(FULL, n) for n in NAMES if n != name
    }


def test_a_whole_number_will_do_for_a_fraction_and_unknown_names_are_ignored() -> None:
    found = Preferences.from_json({"temperature": 1, "from_a_later_version": [1]})
    assert found == Preferences(temperature=1.0) and isinstance(found.temperature, float)


@given(st.dictionaries(st.sampled_from(NAMES), JSON))
def test_any_file_gives_preferences_that_can_sample(data: dict[str, Any]) -> None:
    found = Preferences.from_json(data)
    SamplingConfig(found.temperature, found.top_k, found.top_p, found.min_p, found.words)
    assert found.length > 0 and found.candidate_count > 0
    assert Preferences.from_json(json.loads(json.dumps(asdict(found)))) == found


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b"{" * 60_000, b'{"a":' * 10_000, b" " * 70_000],
    ids=range(8),
)
def test_a_file_of_another_kind_is_ignored(content: bytes) -> None:
    assert written(content) == Preferences()


def test_a_folder_in_its_place_is_ignored_and_reported_when_saving(home: Path) -> None:
    (home / "preferences.json").mkdir(parents=True)
    assert load() == Preferences()
    with pytest.raises(CharloomError, match=r"preferences.json' \(Is a directory\)"):
        save(FULL)


def test_a_failure_to_save_is_reported(home: Path) -> None:
    home.write_text("a file")
    assert load() == Preferences()
    with pytest.raises(CharloomError, match="cannot be created"):
        save(FULL)


def test_texts_are_the_newest_first_each_once_and_not_too_many() -> None:
    texts: tuple[str, ...] = ()
    for name in [*"abc", "a", *map(str, range(20))]:
        texts = Preferences(recent_texts=texts).with_recent_text(name)
    assert texts == tuple(map(str, range(19, 7, -1)))
    assert Preferences(recent_texts=("a", "b", "c")).with_recent_text("b") == ("b", "a", "c")
    assert len(Preferences.from_json({"recent_texts": ["x"] * 50}).recent_texts) == 12
    assert Preferences.from_json({"recent_texts": ["a", 1, None, "b"]}).recent_texts == ("a", "b")
