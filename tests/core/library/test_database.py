import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.core import paths
from charloom.core.errors import CharloomError
from charloom.core.library.database import Library
from charloom.core.sampling.config import SamplingChange
from tests.core.library.helpers import ids
from tests.helpers.generations import generation
from tests.helpers.marks import needs_posix

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(
    prompt=ANY_TEXT,
    text=ANY_TEXT,
    context=ANY_TEXT,
    stop=st.lists(ANY_TEXT, max_size=3),
    note=ANY_TEXT,
    seed=st.integers(0, 2**63 - 1),
)
@settings(deadline=None, max_examples=60)
def test_any_generation_comes_back_exactly(
    shared: Library, prompt: str, text: str, context: str, stop: list[str], note: str, seed: int
) -> None:
    stops = dict.fromkeys(filter(None, stop))
    texts = {"prompt": prompt, "context": context, "note": note}
    added = shared.add(generation(text, stop=stop, seed=seed, **texts))
    assert shared.get(added.id) == added
    assert (added.text, added.stop) == (text, tuple(stops))
    assert {name: getattr(added, name) for name in texts} == texts


@given(number=st.floats(allow_nan=False, allow_infinity=False))
@settings(deadline=None, max_examples=30)
def test_settings_come_back_exactly(shared: Library, number: float) -> None:
    added = shared.add(generation(temperature=number, bits_per_char=number))
    assert (shared.get(added.id).temperature, shared.get(added.id).bits_per_char) == (
        number,
        number,
    )


def test_a_generation_keeps_its_date_star_tags_and_note_when_added(library: Library) -> None:
    whole = generation(
        created="2026-01-02T03:04:05+00:00",
        bits_per_char=1.93,
        starred=True,
        tags=["sea", "gothic"],
        note="Mark this.",
        min_p=0.1,
        words="known",
        stop=("a",),
        keep_stop=True,
        until="line",
        changes=[[3, 1 / 3, 0, 1.0], [500, 0, 7, 1e-9, 0.05]],
    )
    added = library.add(whole)
    assert added.id == 1
    assert library.get(1) == added
    assert added.changes == (
        SamplingChange(3, 1 / 3, 0, 1.0),
        SamplingChange(500, 0, 7, 1e-9, 0.05),
    )
    assert (added.created, added.starred) == ("2026-01-02T03:04:05+00:00", True)
    assert (added.tags, added.note) == (("gothic", "sea"), "Mark this.")


def test_what_is_added_is_there_when_opened_again(tmp_path: Path) -> None:
    with Library(tmp_path / "x") as first:
        added = first.add(generation())
    with Library(tmp_path / "x") as second:
        assert second.recent() == [added]


def test_the_library_is_at_home_unless_told_otherwise(home: Path) -> None:
    Library().close()
    assert paths.library_file() == home / "library.sqlite"
    assert paths.library_file().is_file()


@needs_posix("modes of files")
def test_only_its_owner_can_read_the_library(library: Library, tmp_path: Path) -> None:
    library.add(generation())
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.glob("library*")}
    assert modes == dict.fromkeys(
        ("library.sqlite", "library.sqlite-wal", "library.sqlite-shm"), 0o600
    )


def test_a_generation_can_be_starred_and_unstarred(library: Library) -> None:
    added = library.add(generation())
    assert library.star(added.id).starred
    assert library.get(added.id).starred
    assert library.star(added.id).starred
    assert library.star(added.id, on=False) == added
    assert not library.get(added.id).starred


def test_tags_are_added_and_removed_in_their_one_form(library: Library) -> None:
    number = library.add(generation(tags=["sea"])).id
    assert library.tag(number, [" Gothic ", "sea"]).tags == ("gothic", "sea")
    assert library.tag(number, ["ice"], remove=["SEA", "unknown"]).tags == ("gothic", "ice")
    assert library.get(number).tags == ("gothic", "ice")
    assert library.tag(number, remove=["ice", "gothic"]).tags == ()


def test_a_tag_that_cannot_be_used_changes_nothing(library: Library) -> None:
    number = library.add(generation(tags=["sea"])).id
    with pytest.raises(CharloomError, match="cannot be used"):
        library.tag(number, ["fine", "not,fine"])
    assert library.get(number).tags == ("sea",)


def test_a_note_replaces_the_one_before(library: Library) -> None:
    number = library.add(generation(note="first")).id
    assert library.annotate(number, "second\n\0line").note == "second\n\0line"
    assert library.get(number).note == "second\n\0line"


def test_a_text_that_goes_on_is_kept_as_far_as_it_is_written(library: Library) -> None:
    first = library.add(generation(" of ice", length=7, changes=[[2, 0.5, 0, 1.0]]))
    library.add(generation())
    library.star(first.id)
    library.tag(first.id, ["sea"])
    marked = library.annotate(first.id, "Mark this.")
    longer = replace(
        first,
        text=" of ice and snow",
        length=16,
        changes=(*first.changes, SamplingChange(9, 1.5, 3, 0.9)),
        chars_per_second=9.5,
        bits_per_char=2.5,
        model="not what changes",
    )
    kept = library.update(longer)
    assert kept == replace(
        longer, model=first.model, starred=True, tags=marked.tags, note=marked.note
    )
    assert library.get(first.id) == kept
    assert (ids(library.search("snow")), ids(library.search("sea"))) == ([1], [1])


def test_a_removed_generation_is_gone_and_its_number_is_not_given_again(library: Library) -> None:
    first, second = library.add(generation("one")), library.add(generation("two"))
    assert library.remove(second.id) == second
    assert library.recent() == [first]
    assert library.search("two") == []
    assert library.add(generation()).id == second.id + 1


def test_of_many_removed_all_go_or_none(library: Library) -> None:
    for text in ("one", "two", "three"):
        library.add(generation(text))
    with pytest.raises(CharloomError):
        library.remove_all([1, 2, 2**63])
    assert ids(library.recent()) == [3, 2, 1]
    found = library.matching(unstarred_only=True)
    library.star(2)  # by another program, before the answer
    assert library.remove_all(found, unstarred_only=True) == 2
    assert ids(library.recent()) == [2] == ids(library.search("two"))
    assert library.search("one") == []


def test_a_removed_generation_comes_back_under_its_own_number(library: Library) -> None:
    for text in ("one", "two", "three"):
        library.add(generation(text, starred=True, tags=["sea"], note="Mark this."))
    removed = library.remove(2)
    library.add(generation("four"))
    assert library.restore(removed) == removed
    assert ids(library.recent()) == [4, 3, 2, 1]
    assert library.search("two") == [removed]
    assert library.add(generation()).id == 5


def test_what_was_restored_before_stays_as_it_is(library: Library) -> None:
    library.add(generation())
    removed = library.remove(1)
    library.restore(removed)
    marked = library.annotate(1, "Mark this.")
    assert library.restore(removed) == marked
    assert library.recent() == library.search("mark") == [marked]


def test_what_is_not_there_cannot_be_got_changed_or_removed(library: Library) -> None:
    calls: list[Callable[[], object]] = [
        lambda: library.get(3),
        lambda: library.star(3),
        lambda: library.tag(3, ["a"]),
        lambda: library.annotate(3, ""),
        lambda: library.update(generation(id=3)),
        lambda: library.remove(3),
    ]
    for call in calls:
        with pytest.raises(CharloomError, match=r"^There is no generation 3 in the library\.$"):
            call()


def test_numbers_too_large_for_the_file_are_refused(library: Library) -> None:
    with pytest.raises(CharloomError, match="63 bits"):
        library.get(2**63)
    with pytest.raises(CharloomError, match="63 bits"):
        library.add(generation(seed=2**63))
    assert library.count() == 0


def test_recent_is_newest_first_in_pages_and_can_be_favorites_only(library: Library) -> None:
    for number in range(1, 8):
        library.add(generation(starred=number % 2 == 0))
    assert ids(library.recent()) == [7, 6, 5, 4, 3, 2, 1]
    assert ids(library.recent(3)) == [7, 6, 5]
    assert ids(library.recent(3, offset=3)) == [4, 3, 2]
    assert ids(library.recent(2, offset=1, starred_only=True)) == [4, 2]
    assert ids(library.recent(-1, starred_only=True)) == [6, 4, 2]
    assert (library.count(), library.count(starred_only=True)) == (7, 3)
    assert (library.count(newer_than=5), library.count(newer_than=7)) == (2, 0)
    assert library.count(starred_only=True, newer_than=3) == 2  # 6 and 4
