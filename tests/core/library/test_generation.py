import json
import math
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from charloom.core.errors import CharloomError
from charloom.core.library.generation import (
    EXPORT_FORMATS,
    Generation,
    ReplayResult,
    clean_tag,
    first_difference,
    format_generations,
)
from charloom.core.sampling.config import SamplingChange, SamplingConfig
from tests.helpers.generations import generation

ANY_TEXT = st.text(st.characters())  # surrogates and controls included


def test_a_generation_is_created_now_unless_told_otherwise() -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    made = Generation(**{name: getattr(generation(), name) for name in Generation.__slots__[2:]})
    assert made.id == 0
    assert made.created.endswith("+00:00")
    assert before <= datetime.fromisoformat(made.created) <= datetime.now(UTC)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("name", ["temperature", "top_p", "chars_per_second", "bits_per_char"])
def test_a_number_that_is_none_is_refused(name: str, value: float) -> None:
    over: dict[str, Any] = {name: value}
    with pytest.raises(
        CharloomError, match=rf"^A generation's {name} is a number, not -?(nan|inf)"
    ):
        generation(**over)


def test_changes_are_read_from_lists_too() -> None:
    made = generation(changes=[[0, 1.2, 0, 1.0], (240, 0, 3, 0.5)], length=240)
    assert made.changes == (SamplingChange(0, 1.2, 0, 1.0), SamplingChange(240, 0, 3, 0.5))
    assert made.changes[1].config == SamplingConfig(0, 3, 0.5)
    assert generation(changes=[]).changes == ()
    longer = generation("x" * 240, length=10, until="line", changes=[[200, 1.2, 0, 1.0]])
    assert longer.changes[0].position == 200


@pytest.mark.parametrize(
    "changes",
    [
        None,
        7,
        "ab",
        {"position": 3},
        [None],
        ["abcd"],
        [[]],
        [[1, 0.8, 0]],
        [[1, 0.8, 0, 1.0, 0.0, "any", 1]],
        [[-1, 0.8, 0, 1.0]],
        [[501, 0.8, 0, 1.0]],
        [[2**70, 0.8, 0, 1.0]],
        [[1.0, 0.8, 0, 1.0]],
        [[True, 0.8, 0, 1.0]],
        [["1", 0.8, 0, 1.0]],
        [[math.nan, 0.8, 0, 1.0]],
        [[9, 0.8, 0, 1.0], [9, 0.9, 0, 1.0]],
        [[9, 0.8, 0, 1.0], [8, 0.9, 0, 1.0]],
        [[9, 0.8, 0, 1.0], ["10", 0.9, 0, 1.0]],
    ],
)
def test_changes_that_are_none_are_refused(changes: Any) -> None:
    with pytest.raises(CharloomError, match=r"^The changes in a generation are lists of .*\.$"):
        generation(changes=changes)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ((math.nan, 0, 1.0), "temperature"),
        ((11, 0, 1.0), "temperature"),
        (("1", 0, 1.0), "temperature"),
        ((1.0, -1, 1.0), "top-k"),
        ((1.0, 1.5, 1.0), "top-k"),
        ((1.0, 0, 0), "top-p"),
        ((1.0, 0, [1]), "top-p"),
        ((1.0, 0, 1.0, 2), "min-p"),
        ((1.0, 0, 1.0, 0.0, "some"), "words"),
    ],
)
def test_changes_to_what_cannot_be_set_are_refused(wrong: tuple[Any, ...], error: str) -> None:
    with pytest.raises(CharloomError, match=error):
        generation(changes=[[1, 0.8, 0, 1.0], [3, *wrong]])


def test_a_lone_surrogate_becomes_the_replacement_character() -> None:
    made = generation(prompt="a\ud800", text="\udfff\ud83d", note="\udc80", stop=["\ud800"])
    assert (made.prompt, made.text) == ("a\ufffd", "\ufffd\ufffd")
    assert (made.note, made.stop) == ("\ufffd", ("\ufffd",))


def test_tags_have_one_form_and_order() -> None:
    made = generation(tags=["Sea  Ice", " gothic", "sea ice\n", "CAFE\u0301"])
    assert made.tags == ("café", "gothic", "sea ice")


@pytest.mark.parametrize("tag", ["", "  ", "a,b", "x" * 41, "\x1b[31m", "a\u202eb", "\ud800"])
def test_a_tag_that_would_mislead_is_refused(tag: str) -> None:
    with pytest.raises(CharloomError, match=r"^The tag .* cannot be used; .*\.$") as refused:
        clean_tag(tag)
    assert str(refused.value).isprintable()


def test_the_longest_tag_may_be_forty_characters() -> None:
    assert clean_tag("X" * 40) == "x" * 40


@given(ANY_TEXT)
@settings(deadline=None)
def test_cleaning_a_tag_twice_changes_nothing_more(tag: str) -> None:
    try:
        clean = clean_tag(tag)
    except CharloomError:
        return
    assert clean_tag(clean) == clean
    assert unicodedata.is_normalized("NFC", clean)


def test_a_text_export_is_readable_and_tells_where_each_text_is_from() -> None:
    first = generation(
        id=12, starred=True, tags=["gothic", "sea"], note="The ice.", bits_per_char=1.934
    )
    second = generation(id=13, stop=["\n", "THE END"], prompt="", text="\x1b[31mraw")
    assert format_generations([first, second], "txt") == (
        "Generation 12 ★\n"
        "Model creature · step 4,210 · checkpoint abababababab · temperature 0.8 · top-k 40 · "
        "top-p 1 · min-p 0 · words any · seed 7 · prompt length 24 · 2026-01-02T03:04:05+00:00 · "
        "1.93 bits/char · tags: gothic, sea\n"
        "The ice.\n"
        "\n"
        "You will rejoice to hear that no disaster\n"
        "\n" + "─" * 72 + "\n"
        "\n"
        "Generation 13\n"
        "Model creature · step 4,210 · checkpoint abababababab · temperature 0.8 · top-k 40 · "
        "top-p 1 · min-p 0 · words any · seed 7 · prompt length 0 · 2026-01-02T03:04:05+00:00 · "
        "stop '\\n' or 'THE END'\n"
        "\n"
        "\x1b[31mraw\n"
    )


@pytest.mark.parametrize("kind", ["txt", "md"])
def test_an_export_tells_from_which_character_on_a_setting_was_another(kind: str) -> None:
    changes = [[240, 1.2, 40, 1.0], [300, 1.2, 0, 1.0], [2_000, 0.5, 0, 0.9, 0.05]]
    exported = format_generations([generation(changes=changes, length=2_000)], kind)
    assert (
        " · temperature 0.8, 1.2 from character 241, 0.5 from character 2,001"
        " · top-k 40, 0 from character 301 · top-p 1, 0.9 from character 2,001"
        " · min-p 0, 0.05 from character 2,001 · words any · seed 7 · "
    ) in exported


def test_a_markdown_export_has_a_heading_the_note_as_a_quote_and_the_text_fenced() -> None:
    made = generation(
        id=12, starred=True, note="Mark this.\n\n# Well.", model="my_own_one", tags=["<b>"]
    )
    tokens = MarkdownIt().parse(format_generations([made, generation(id=13)], "md"))
    opened = [(each.type, each.tag) for each in tokens if each.level == 0 and each.nesting >= 0]
    one = [("heading_open", "h2"), ("paragraph_open", "p")]
    fence = ("fence", "code")
    assert opened == [*one, ("blockquote_open", "blockquote"), fence, *one, fence]
    inline = [each.content for each in tokens if each.type == "inline"]
    assert inline[0] == "Generation 12 ★"
    html = MarkdownIt().render(format_generations([made], "md"))
    assert "Model my_own_one · " in html
    assert "tags: &lt;b&gt;" in html
    assert [each.content for each in tokens if each.type == "fence"] == [
        "You will rejoice to hear that no disaster\n"
    ] * 2


MARKDOWN_BREAKERS = st.lists(
    st.sampled_from(["`", "```", "````\n", "~~~", "\n", "\r", "> ", "# ", "    ", "</pre>", "x"])
).map("".join)


@given(MARKDOWN_BREAKERS, MARKDOWN_BREAKERS | ANY_TEXT)
@settings(deadline=None, max_examples=100)
def test_nothing_that_a_model_writes_gets_out_of_its_fence(prompt: str, text: str) -> None:
    made = generation(prompt=prompt, text=text)
    tokens = MarkdownIt().parse(format_generations([made], "md"))
    assert [each.type for each in tokens if each.level == 0 and each.nesting >= 0] == [
        "heading_open",
        "paragraph_open",
        "fence",
    ]
    # CommonMark reads every kind of line ending as a newline, and NUL as U+FFFD.
    passage = f"{made.prompt}{made.text}\n".replace("\r\n", "\n").replace("\r", "\n")
    assert tokens[-1].content == passage.replace("\0", "\ufffd")


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
@settings(deadline=None)
def test_a_json_lines_export_has_every_field_and_can_be_read_back(
    prompt: str, text: str, note: str
) -> None:
    made = [
        generation(prompt=prompt, text=text, note=note, tags=["b", "a"], bits_per_char=2.1),
        generation(id=13, starred=True, stop=["\u2028\n", "|\\|"], seed=2**63 - 1),
        generation(changes=[[0, 1 / 3, 2**70, 1e-300], [7, 0, 0, 1]]),
    ]
    exported = format_generations(made, "jsonl")
    assert exported.isascii()
    lines = exported.splitlines()
    assert len(lines) == 3
    assert [Generation(**json.loads(line)) for line in lines] == made


@pytest.mark.parametrize("kind", EXPORT_FORMATS)
def test_an_export_of_nothing_is_empty_and_of_anything_ends_in_a_newline(kind: str) -> None:
    assert format_generations([], kind) == ""
    assert format_generations(iter([generation(), replace(generation(), text="")]), kind).endswith(
        "\n"
    )


@pytest.mark.parametrize("kind", EXPORT_FORMATS)
@given(text=ANY_TEXT)
@settings(deadline=None, max_examples=20)
def test_every_export_can_be_written_as_utf8(kind: str, text: str) -> None:
    made = generation(prompt=text, text=text, note=text, stop=[text], model=text)
    assert format_generations([made], kind).encode().decode() == format_generations([made], kind)


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(CharloomError, match="one of txt, md, jsonl, not 'pdf'"):
        format_generations([], "pdf")


@given(st.text("ab"), st.text("ab"))
@settings(deadline=None)
def test_the_first_difference_is_where_the_common_beginning_ends(one: str, other: str) -> None:
    at = first_difference(one, other)
    if at is None:
        assert one == other
    else:
        assert one[:at] == other[:at]
        assert one[at : at + 1] != other[at : at + 1]


@pytest.mark.parametrize(
    ("recorded", "new", "replay", "sentence"),
    [
        ("", "", ReplayResult(None, "", ""), "The same text came out, character for character."),
        (
            "abc",
            "abc",
            ReplayResult(None, "", ""),
            "The same text came out, character for character.",
        ),
        (
            "abc",
            "a\x1bc",
            ReplayResult(1, "b", "\x1b"),
            r"The texts differ at character 2: 'b' is on record, '\x1b' came out.",
        ),
        (
            "x" * 1234 + "y",
            "x" * 1234,
            ReplayResult(1234, "y", ""),
            "The new text ends before character 1,235, where 'y' is on record.",
        ),
        (
            "",
            "\n",
            ReplayResult(0, "", "\n"),
            r"The recorded text ends before character 1, where '\n' came out.",
        ),
    ],
)
def test_a_replay_says_whether_and_where_the_texts_differ(
    recorded: str, new: str, replay: ReplayResult, sentence: str
) -> None:
    assert ReplayResult.compare(recorded, new) == replay
    assert replay.equal is (recorded == new)
    assert replay.sentence == sentence


@given(ANY_TEXT, ANY_TEXT)
@settings(deadline=None)
def test_what_a_replay_says_is_safe_to_show(recorded: str, new: str) -> None:
    assert ReplayResult.compare(recorded, new).sentence.isprintable()
