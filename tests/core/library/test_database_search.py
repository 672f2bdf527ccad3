"""Searching the library, and the prompts in it."""
# ruff: noqa: RUF001 - similar characters are the subject

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.core.library.database import Library
from charloom.core.library.search import match_spans
from tests.core.library.helpers import ids
from tests.helpers.generations import generation


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
