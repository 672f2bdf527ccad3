# ruff: noqa: RUF001 - similar characters are the subject

import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.core.data.vocab import PLACEHOLDER, Substitution, Vocab
from charloom.core.errors import CharloomError

ANY_CHARACTER = st.characters(exclude_categories=())  # lone surrogates included
ANY_TEXT = st.text(ANY_CHARACTER | st.sampled_from("\ud800\udfff"), min_size=1, max_size=60)
QUICK = settings(deadline=None, max_examples=60)


def rewritten(prompt: str, changes: tuple[Substitution, ...]) -> str:
    """Apply the substitutions to the prompt, from the last to the first."""
    for position, character, becomes in reversed(changes):
        assert prompt[position:].startswith(character)
        prompt = prompt[:position] + becomes + prompt[position + len(character) :]
    return prompt


def test_ids_follow_the_order_of_code_points() -> None:
    vocab = Vocab.from_text("banana é\n")
    assert vocab.chars == ("\n", " ", "a", "b", "n", "é")
    assert dict(vocab.c2ix) == {"\n": 0, " ": 1, "a": 2, "b": 3, "n": 4, "é": 5}
    assert dict(vocab.ix2c) == {i: c for c, i in vocab.c2ix.items()}
    assert vocab.encode("ban").tolist() == [3, 2, 4]
    assert vocab.encode("ban").dtype == np.int64
    assert len(vocab) == 6


@QUICK
@given(ANY_TEXT)
def test_every_text_comes_back_from_its_ids(text: str) -> None:
    vocab = Vocab.from_text(text)
    ids = vocab.encode(text)
    assert ids.shape == (len(text),)
    assert vocab.decode(ids) == text
    assert vocab.decode(ids.tolist()) == text
    assert vocab.decode(int(i) for i in ids) == text
    assert [vocab.ix2c[int(i)] for i in ids] == list(text)


@QUICK
@given(ANY_TEXT, st.integers(0, 3))
def test_the_order_of_the_text_makes_no_difference(text: str, fold: int) -> None:
    turned = "".join(sorted(text, reverse=True))
    assert Vocab.from_text(turned, fold) == Vocab.from_text(text, fold)
    assert hash(Vocab.from_text(turned, fold)) == hash(Vocab.from_text(text, fold))


def test_vocabularies_are_equal_by_their_characters_and_cannot_be_changed() -> None:
    vocab = Vocab.from_text("ab")
    assert vocab == Vocab(("a", "b")) != Vocab(("b", "a"))
    with pytest.raises(AttributeError):
        vocab.chars = ("x",)  # type: ignore[misc]
    with pytest.raises(TypeError):
        vocab.c2ix["x"] = 9  # type: ignore[index]


def test_rare_characters_share_a_placeholder_that_comes_last() -> None:
    vocab = Vocab.from_text("aaab😀bz", min_count=2)
    assert vocab.chars == ("a", "b", PLACEHOLDER)
    assert vocab.decode(vocab.encode("az😀b")) == f"a{PLACEHOLDER}{PLACEHOLDER}b"


def test_without_rare_characters_there_is_no_placeholder() -> None:
    assert Vocab.from_text("aabb", min_count=2).chars == ("a", "b")


def test_a_placeholder_in_the_text_is_the_same_entry_as_one_for_rare_characters() -> None:
    text = "aa" + PLACEHOLDER * 2 + "😀"
    assert Vocab.from_text(text).chars == ("a", PLACEHOLDER, "😀")
    assert Vocab.from_text(text, min_count=2).chars == ("a", PLACEHOLDER)


def test_an_unknown_character_is_named_with_its_place() -> None:
    with pytest.raises(
        CharloomError, match=r"'é' at position 2 is not in this model's vocabulary of 2"
    ):
        Vocab.from_text("ab").encode("abé")


def test_encoding_knows_characters_below_between_and_beyond_its_own() -> None:
    vocab = Vocab(("m", PLACEHOLDER))
    assert vocab.encode("am\u1234\U0010ffffm").tolist() == [1, 0, 1, 1, 0]


def test_nothing_encodes_to_nothing() -> None:
    vocab = Vocab.from_text("ab")
    assert vocab.encode("").shape == (0,)
    assert vocab.decode([]) == ""


@pytest.mark.parametrize("ids", [[2], [-1], np.array([0, 5])])
def test_an_id_out_of_range_is_refused(ids: list[int]) -> None:
    with pytest.raises(CharloomError, match="from 0 to 1"):
        Vocab.from_text("ab").decode(ids)


@pytest.mark.parametrize(
    "chars",
    [
        (),
        ("a", "a"),
        ("ab",),
        ("",),
        ("a", 1),
        ("a", None),
        (["a"],),
        tuple(chr(0x10000 + i) for i in range(65_537)),
    ],
)
def test_a_list_that_is_no_vocabulary_is_refused(chars: tuple[str, ...]) -> None:
    with pytest.raises(CharloomError):
        Vocab(chars)


def test_the_largest_vocabulary_works() -> None:
    chars = tuple(chr(0x10000 + i) for i in range(65_536))
    vocab = Vocab(chars)
    assert vocab.encode(chars[-1] + chars[0]).tolist() == [65_535, 0]


def test_an_empty_text_makes_no_vocabulary() -> None:
    with pytest.raises(CharloomError, match="use another text"):
        Vocab.from_text("")


@QUICK
@given(ANY_TEXT)
def test_a_known_prompt_is_left_as_it_is(text: str) -> None:
    assert Vocab.from_text(text).adapt(text) == (text, ())


@QUICK
@given(ANY_TEXT, ANY_TEXT)
def test_an_adapted_prompt_is_known_and_every_substitution_is_returned(
    known: str, prompt: str
) -> None:
    vocab = Vocab.from_text(known)
    adapted, changes = vocab.adapt(prompt)
    assert set(adapted) <= set(known)
    assert rewritten(prompt, changes) == adapted


@QUICK
@given(st.text("\"'“”‘’«»—–--… .\r\n\tæÉéß\u0301\u0323½ﬁ한\u1112\u1161\u11abaeEs", max_size=30))
def test_prompts_full_of_odd_spellings_are_adapted(prompt: str) -> None:
    vocab = Vocab.from_text("aesf “”’—…\n1/2")
    adapted, changes = vocab.adapt(prompt)
    assert set(adapted) <= set(vocab.chars)
    assert rewritten(prompt, changes) == adapted


@pytest.mark.parametrize(
    ("known", "prompt", "adapted"),
    [
        ("it'sh\"i ", "“hi” it’s", '"hi" it\'s'),
        ("it’s “hi”‘", "\"hi\" it's 'hi'", "“hi” it’s ‘hi’"),
        ("«oui» ", '"oui" “oui”', "«oui» «oui»"),
        ("SI, “‘T”’aids.", '"\'Tis," I said. "\'I.\'"', "“‘Tis,” I said. “‘I.’”"),
        ("a-", "a—a – a", "a--a-a"),
        ("a—", "a--a-a", "a—a—a"),
        ("a…", "a... a", "a…a"),
        ("a.", "a…", "a..."),
        ("a ", "a\u00a0a\ta", "a a a"),
        ("a\n", "a\r\na\ra\u2028a", "a\na\na\na"),
        ("a ", "a\r\na", "a a"),
        ("abc", "ABC", "abc"),
        ("ABC", "abc", "ABC"),
        ("cafe", "café CAFÉ", "cafecafe"),
        ("café", "cafe\u0301", "café"),
        ("fin", "ﬁn", "fin"),
        ("12/", "½①", "1/21"),
        ("ode", "Øđe", "ode"),
        ("aeoess", "æœß", "aeoess"),
        ("한", "\u1112\u1161\u11ab", "한"),
        ("q", "q\u0323\u0307", "q"),
        ("ab", "a😀b\ud800", "ab"),
        ("abfox", "\uff21\uff42\u3000\uff46", "abf"),
        # half-width kana, with and without voicing marks, and back
        ("ガギパア", "ｶﾞｷﾞﾊﾟｱ", "ガギパア"),
        ("カハ", "ｶﾞﾊﾟ", "カハ"),
        ("カハ\u3099\u309a", "ｶﾞﾊﾟ", "カ\u3099ハ\u309a"),
        ("ｶﾊﾞﾟ", "カガパハ\u3099", "ｶｶﾞﾊﾟﾊﾞ"),
        ("カー", "カﾞｰ", "カー"),
        ("Ａ１", "A1", "Ａ１"),
        ("Ａ１", "a", "Ａ"),
        # final sigma
        ("λόγοσ ", "λόγος", "λόγοσ"),
        ("λόγος σ", "ΛΌΓΟΣ ΣΌΣ", "λόγος σός"),
        ("λόγος σ ", "ΛΟ\u0301ΓΟΣ, ΣΌΛ Σ", "λόγος σόλ σ"),
        ("γος", "σγσ", "ςγς"),
        ("ΛΟΓΣ", "λογος", "ΛΟΓΟΣ"),
        # digits of any script, and back
        ("1234567890 ", "١٢٣ ۴۵۶ ๗๘๙० ", "123 456 7890 "),
        ("١٢٣", "123", "١٢٣"),
        ("۰۹", "09", "۰۹"),
        ("๑๒", "1٢", "๑๒"),
        ("१2", "①12", "११2"),
        ("12/", "१٢½", "121/2"),
        # decomposed prompts, and models of decomposed or presentation forms
        ("がぎ", "か\u3099き\u3099", "がぎ"),
        ("か\u3099", "が", "か\u3099"),
        ("ế", "e\u0302\u0301", "ế"),
        ("ệt", "e\u0323\u0302t", "ệt"),
        ("ệt", "e\u0302\u0323t", "ệt"),
        ("\u0958", "\u0915\u093c", "\u0958"),
        ("\u0915\u093c", "\u0958", "\u0915\u093c"),
        ("\ufb2aם", "\u05e9\u05c1ם", "\ufb2aם"),
        ("\u05e9\u05c1", "\ufb2a", "\u05e9\u05c1"),
        ("بت", "\ufe91\ufe96", "بت"),
        ("\ufe8f", "ب", "\ufe8f"),
        ("בָ", "בָ֑", "בָ"),  # without the cantillation only
        ("й", "и\u0306", "й"),
        ("ทำ", "ท\u0e4d\u0e32", "ทำ"),
        ("ท\u0e4d\u0e32", "ทำ", "ท\u0e4d\u0e32"),
        ("한", "\uffbe한", "한"),
    ],
)
def test_unknown_characters_become_their_nearest_known_ones(
    known: str, prompt: str, adapted: str
) -> None:
    assert Vocab.from_text(known).adapt(prompt)[0] == adapted


def test_a_tower_of_accents_is_adapted_floor_by_floor() -> None:
    tower = "e" + "\u0301\u0316" * 15_000  # composing it at once would take minutes
    adapted, changes = Vocab.from_text("abe").adapt(f"a{tower}b")
    assert adapted == "aeb"
    assert rewritten(f"a{tower}b", changes) == adapted
    assert max(len(change.character) for change in changes) == 32


def test_changes_tell_the_place_in_the_prompt_as_it_was_given() -> None:
    adapted, changes = Vocab.from_text("cafe-s").adapt("cafe\u0301—s!")
    assert adapted == "cafe--s"
    assert changes == (
        Substitution(3, "e\u0301", "e"),
        Substitution(5, "—", "--"),
        Substitution(7, "!", ""),
    )


def test_a_decomposed_text_keeps_its_own_spelling() -> None:
    vocab = Vocab.from_text(unicodedata.normalize("NFD", "café"))
    assert vocab.adapt("cafe\u0301!") == ("cafe\u0301", (Substitution(5, "!", ""),))
    assert vocab.adapt("café") == ("cafe\u0301", (Substitution(3, "é", "e\u0301"),))
