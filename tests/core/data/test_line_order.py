"""Lists of names and the like: sorted lines, and shuffled ones."""

from collections import Counter
from random import Random

import pytest

from charloom.core.data import catalog
from charloom.core.data.corpus import Corpus, from_bytes
from charloom.core.data.line_order import is_list, is_sorted, shuffled_lines
from charloom.core.data.statistics import analyze_text

SYLLABLES = ("an", "bel", "co", "dri", "el", "fa", "go", "ha", "il", "jo")
NAMES = sorted(f"{a}{b}{c}".capitalize() for a in SYLLABLES for b in SYLLABLES for c in "aeo")
LIST = "".join(f"{name}\n" for name in NAMES)
RANDOM = shuffled_lines(LIST)
SENTENCES = "".join(sorted(f"{name} went home, and the sea was grey.\n" for name in NAMES))
CHAT = "".join(f"2026-01-02 {n // 60:02}:{n % 60:02} Ann: hello\n" for n in range(300))
VERSE = "".join(
    f"But the {a} was {b},\nAnd {b} the {a}.\n" for a, b in zip(NAMES, SYLLABLES * 30, strict=True)
)
CODE = "".join(f"def {name}():\n    return {n}\n\n" for n, name in enumerate(NAMES))


def read(text: str, shuffle_lines: bool | None = None) -> Corpus:
    return from_bytes(text.encode(), title="t", source="t", shuffle_lines=shuffle_lines)


LISTS = [LIST, RANDOM, LIST.upper(), SENTENCES, LIST.strip()]
OTHERS = [
    *(CHAT, VERSE, CODE, LIST[:300], "abc\n" * 300, LIST.replace("\n", "\n\n")),
    *(f"{RANDOM}\n{VERSE}", "\n".join(map(str, range(300))), "千山鳥飛絕\n萬徑人蹤滅\n" * 50),
]


@pytest.mark.parametrize("text", LISTS, ids=range(len(LISTS)))
def test_lists_are_shuffled(text: str) -> None:
    assert is_list(text)
    found = read(text)
    assert found.text == shuffled_lines(text) != text
    assert found.notes == (
        "Shuffled the 300 lines, so that the held-out ones are a random sample.",
    )
    assert found == read(text)  # the same order each time
    assert read(text, shuffle_lines=False).text == text


@pytest.mark.parametrize("text", OTHERS, ids=range(len(OTHERS)))
def test_other_texts_are_not(text: str) -> None:
    assert not is_list(text)
    assert read(text).text == text and read(text).notes == ()


@pytest.mark.parametrize("name", ["loom", "pydoc", "stdlib"])
def test_no_text_of_the_catalog_is_a_list(name: str) -> None:
    assert not is_list(catalog.fetch(name).text)


def test_sorted_lines_are_noticed() -> None:
    assert is_sorted(LIST) and is_sorted("\n".join(reversed(NAMES))) and is_sorted(CHAT)
    assert not is_sorted(RANDOM) and not is_sorted(VERSE[:200]) and not is_sorted("")
    nearly = list(NAMES)
    Random(1).shuffle(nearly[:20])
    assert is_sorted("\n".join(nearly))


def test_sorted_lines_are_an_issue_unless_they_were_shuffled() -> None:
    options = [issue.option for issue in analyze_text(read(CHAT)).issues]
    assert "shuffle-lines" in options
    for corpus in (read(CHAT, shuffle_lines=True), read(LIST), read(VERSE)):
        assert "shuffle-lines" not in [issue.option for issue in analyze_text(corpus).issues]


@pytest.mark.parametrize("text", ["a\nb\nc", "a\nb\nc\n", "\n\n", "a", ""])
def test_shuffling_keeps_every_line_and_the_end(text: str) -> None:
    shuffled = shuffled_lines(text)
    assert Counter(shuffled) == Counter(text) and shuffled.endswith("\n") == text.endswith("\n")
    assert sorted(shuffled.split("\n")) == sorted(text.split("\n"))
