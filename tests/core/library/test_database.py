# ruff: noqa: RUF001 - similar characters are the subject

import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.core import paths
from charloom.core.errors import CharloomError
from charloom.core.library.database import Library
from charloom.core.library.generation import Generation
from charloom.core.library.search import match_spans
from charloom.core.sampling.config import SamplingChange
from tests.helpers.generations import generation
from tests.helpers.marks import needs_posix

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library(tmp_path / "library.sqlite") as opened:
        yield opened


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """One library for all the examples that Hypothesis tries."""
    with Library(tmp_path_factory.mktemp("shared") / "library.sqlite") as opened:
        yield opened


def ids(found: list[Generation]) -> list[int]:
    return [each.id for each in found]


# Keeping


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


# Finding


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


def test_search_looks_in_prompt_text_tags_and_note(library: Library) -> None:
    for over in ({"prompt": "whale"}, {"text": "a whale."}, {"tags": ["whale"]}, {"note": "Whale"}):
        library.add(generation(**over))
    library.add(generation("a seal"))
    assert sorted(ids(library.search("whale"))) == [1, 2, 3, 4]


def test_every_word_must_occur_in_any_order(library: Library) -> None:
    library.add(generation("the ice and the sledge"))
    library.add(generation("the ice"))
    assert ids(library.search("sledge ice")) == [1]
    assert ids(library.search("ice sledge whale")) == []


def test_search_follows_the_typing(library: Library) -> None:
    library.add(generation("the monster fled"))
    for typed in ("m", "mon", "monster", "the mo", "THE MONSTER F", "mon the", "onster"):
        assert ids(library.search(typed)) == [1], typed
    assert library.search("monsters") == []


def test_search_folds_case_and_accents(library: Library) -> None:
    library.add(generation("Élodie sat in the café, naïve"))
    library.add(generation("E\u0301lodie, decomposed"))
    for query in ("elodie", "ÉLODIE", "e\u0301lodie"):
        assert sorted(ids(library.search(query))) == [1, 2], query
    assert ids(library.search("cafe naive")) == [1]


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("吾輩は山の猫である。", "山"),
        ("吾輩は山の猫である。", "山の猫"),
        ("아라비안나이트", "비안"),
        ("아라비안나이트", "\u110b\u1161\u1105\u1161"),  # 아라, decomposed
        ("\u1112\u1161\u11ab국", "한국"),
        ("ブックカバー", "カバー"),
        ("フ\u3099ックカハ\u3099ー", "カバー"),
        ("ﾌﾞｯｸｶﾊﾞｰ", "カバー"),
        ("ブックカバー", "ｶﾊﾞｰ"),
        ("ＡＢＣ", "abc"),
        ("בְּרֵאשִׁית בָּרָא", "בראשית"),
        ("בראשית ברא", "בָּרָא"),
        ("\ufb2bלום", "שלום"),  # a presentation form
        ("السَّلَامُ عَلَيْكُم", "السلام"),
        ("السلام عليكم", "عَلَيْكُم"),
        ("محـــمد", "محمد"),
        ("می\u200cخواهم", "میخواهم"),
        ("أحمد", "احمد"),
        ("हिन्दी में", "हिन्दी"),
        ("ภาษาไทยที่สวยงาม", "ไทยที่"),
        ("ក្រុង", "រុ"),
        ("Tiếng Việt", "tieng viet"),
        ("Ελληνικός", "ΕΛΛΗΝΙΚΟΣ"),
        ("Ёлка, о\u0301зеро", "елка озеро"),
        ("İstanbul'un ışığı", "ISTANBUL ISIGI"),
        ("Straße", "STRASSE"),
        ("❤️ 👩\u200d💻", "❤ 👩💻"),
        ("don’t", "don't"),
        ("co\u00adoperate", "cooperate"),
    ],
)
def test_search_finds_other_spellings_in_all_scripts(
    library: Library, text: str, query: str
) -> None:
    library.add(generation("something else"))
    library.add(generation(text))
    assert ids(library.search(query)) == [2]
    (first, *_) = spans = match_spans(f"({text})", query)
    assert first[0] >= 1 and spans[-1][1] <= len(text) + 1


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("かき", "がき"),
        ("がき", "かき"),
        ("ハハ", "パパ"),
        ("한", "하"),
        ("कि", "की"),
        ("ไม่", "ไม้"),
        ("क़", "क्ष"),
    ],
)
def test_marks_that_tell_words_apart_count(library: Library, text: str, query: str) -> None:
    library.add(generation(text))
    assert library.search(query) == []
    assert match_spans(text, query) == []


def test_search_puts_the_better_match_first(library: Library) -> None:
    library.add(generation("ice " + "and much else besides " * 40, prompt=""))
    library.add(generation("ice, ice, ice", prompt=""))
    library.add(generation("snow", prompt=""))
    library.add(generation("rejoice, rejoice, rejoice, rejoice", prompt=""))
    assert ids(library.search("ice")) == [2, 1, 4]
    assert ids(library.search("ic")) == [2, 1, 4]
    assert ids(library.search("ice", limit=1)) == [2]


def test_what_is_found_comes_in_pages(library: Library) -> None:
    for number in range(1, 8):
        library.add(generation("ice " * number + "and snow " * 20))
    found = ids(library.search("ice"))
    pages = [ids(library.search("ice", limit=3, offset=offset)) for offset in (0, 3, 6, 9)]
    assert pages == [found[:3], found[3:6], found[6:], []]


def test_search_can_be_among_favorites_only(library: Library) -> None:
    library.add(generation("ice", starred=True))
    library.add(generation("ice"))
    assert ids(library.search("ice", starred_only=True)) == [1]


def test_search_knows_what_was_changed(library: Library) -> None:
    number = library.add(generation(note="walrus", tags=["seal"])).id
    library.annotate(number, "otter")
    library.tag(number, ["whale"], remove=["seal"])
    library.star(number)
    assert [ids(library.search(word)) for word in ("walrus", "seal", "otter", "whale")] == [
        [],
        [],
        [1],
        [1],
    ]


def test_prompts_are_listed_once_each_the_newest_first(library: Library) -> None:
    for prompt in ("The ice", "", "the ice", "The\nloom\0", "The ice", "é", ""):
        library.add(generation(prompt=prompt))
    library.star(3)
    assert library.prompts(9) == ["é", "The ice", "The\nloom\0", "the ice"]
    assert library.prompts(2) == ["é", "The ice"]


SYNTAX = [
    "AND",
    "OR",
    "NOT",
    "NEAR(",
    ")",
    '"',
    "'",
    "*",
    "^",
    "-",
    "+",
    ":",
    "{text}",
    "text:",
    ";",
]


@pytest.mark.parametrize("query", ["", " ", *SYNTAX, '""', "\0", "\ud800", "!?…", "a" * 100_000])
def test_a_query_that_no_text_answers_finds_nothing(library: Library, query: str) -> None:
    library.add(generation("ice"))
    assert library.search(query) == []


def test_what_means_something_to_the_index_is_only_a_word(library: Library) -> None:
    library.add(generation("neither this or that"))
    library.add(generation("this"))
    assert ids(library.search("this OR that")) == [1]
    assert ids(library.search("text:this")) == []
    assert sorted(ids(library.search('this "'))) == [1, 2]
    assert ids(library.search("neither* th\0at")) == [1]
    assert ids(library.search('"neither this"')) == [1]
    assert library.search("this NOT that") == []
    assert library.search("th_s") == library.search("th%s") == []
    assert ids(library.search("this\0that\ud800")) == [1]


@given(st.lists(st.sampled_from([*SYNTAX, " ", "ice", "\0", "\ud800"])).map("".join))
@settings(deadline=None, max_examples=100)
def test_no_query_is_an_error(shared: Library, query: str) -> None:
    assert isinstance(shared.search(query), list)


def test_a_very_long_query_is_answered_by_its_beginning(library: Library) -> None:
    library.add(generation("ice"))
    assert ids(library.search("ice " * 50_000)) == [1]
