"""Newlines of hard-wrapped texts."""

import textwrap

from charloom.tui.formatting.flowing import flow, soft_newlines

PROSE = (
    "You will rejoice to hear that no disaster has accompanied the commencement of an enterprise "
    "which you have regarded with such evil forebodings. I arrived here yesterday, and my first "
    "task is to assure my dear sister of my welfare and increasing confidence."
)
VERSE = "I wandered lonely as a cloud\nThat floats on high o'er vales\nWhen all at once\n"


def test_a_wrapped_text_flows_and_its_paragraphs_stay() -> None:
    for width in (60, 68, 76):
        wrapped = textwrap.fill(PROSE, width)
        assert wrapped != PROSE and flow(wrapped) == PROSE
        assert flow(f"{wrapped}\n\n{wrapped}\n") == f"{PROSE}\n\n{PROSE}\n"


def test_the_positions_are_those_of_the_newlines() -> None:
    wrapped = textwrap.fill(PROSE, 70)
    assert [wrapped[position] for position in soft_newlines(wrapped)] == ["\n"] * wrapped.count(
        "\n"
    )


def test_the_rest_of_a_line_at_the_beginning_flows() -> None:
    wrapped = textwrap.fill(PROSE, 70)[50:]
    assert flow(wrapped) == PROSE[50:]


def test_other_newlines_stay() -> None:
    code = "def f():\n    return 1\n\nif x:\n    print('a long line of code that goes on and on')\n"
    names = "Anna\nBerta\nCarla\n"
    for text in (VERSE * 4, code, names, PROSE, "", "\n", f"{PROSE}\n{PROSE}\n{PROSE}"):
        assert flow(text) == text
    wrapped = textwrap.fill(PROSE, 70)
    assert flow(f"CHAPTER I\n\n{wrapped}\n    indented\nshort\nThe end.") == (
        f"CHAPTER I\n\n{PROSE}\n    indented\nshort\nThe end."
    )
