import random

import pytest

from charloom.core.data.dialogue import (
    DialogueForm,
    count_timestamps,
    find_dialogue,
    strip_timestamps,
)

NAMES = ("Ada", "Mr. Bram", "Chloé")
WORDS = [
    "the",
    "boat",
    "sails",
    "at",
    "noon,",
    "if",
    "the",
    "wind",
    "is",
    "low,",
    "or",
    "at",
    "12:30",
]


def turns(count: int = 60) -> list[tuple[str, str]]:
    draw = random.Random(1)
    return [
        (draw.choices(NAMES, (3, 2, 1))[0], " ".join(draw.choices(WORDS, k=draw.randint(1, 9))))
        for _ in range(count)
    ]


def test_names_on_lines_of_their_own_are_found_with_the_most_frequent_first() -> None:
    dialogue = find_dialogue("".join(f"{name.upper()}:\n{words}\n\n" for name, words in turns()))
    assert dialogue.form is DialogueForm.NAME_LINE
    assert dialogue.names == ("ADA", "MR. BRAM", "CHLOÉ")
    assert (dialogue.end, dialogue.stops) == ("\n\n", ("\n\n",))
    assert dialogue.turn("ADA", "Hello?", "CHLOÉ") == "ADA:\nHello?\n\nCHLOÉ:\n"


def test_words_that_begin_like_a_turn_stay_as_they_are() -> None:
    chat = find_dialogue("".join(f"{name}: {words}\n" for name, words in turns()))
    assert chat.turn("Ada", "Mr. Bram: Hello?", "Chloé") == "Mr. Bram: Hello?\nChloé: "
    assert chat.turn("Ada", "Nobody: Hello?", "Chloé") == "Ada: Nobody: Hello?\nChloé: "
    quoted = find_dialogue("".join(f"> {words}\n{words} too\n" for _, words in turns()))
    assert quoted.turn("", "> look", "") == "> look\n"


def test_names_before_the_words_are_found() -> None:
    dialogue = find_dialogue("".join(f"{name}: {words}\n" for name, words in turns()))
    assert (dialogue.form, dialogue.names) == (DialogueForm.NAME, NAMES)
    assert (dialogue.end, dialogue.stops) == ("\n", ("\n",))
    assert dialogue.turn("Ada", "Hello?", "Chloé") == "Ada: Hello?\nChloé: "


def test_a_reply_of_several_lines_ends_at_the_next_name() -> None:
    text = "".join(f"{name}: {words}\nand more\n" for name, words in turns())
    assert find_dialogue(text).stops == ("\nAda:", "\nMr. Bram:", "\nChloé:")


def test_lines_after_a_quotation_sign_are_one_of_two_speakers() -> None:
    dialogue = find_dialogue("".join(f"> {words}\n{words} too\n" for _, words in turns()))
    assert (dialogue.form, dialogue.names) == (DialogueForm.QUOTE, ())
    assert dialogue.turn("", "look", "") == "> look\n"


def test_quotations_of_several_lines_are_no_voice() -> None:
    assert (
        find_dialogue("".join(f"> {w}\n> {w}\nI see\n" for _, w in turns())).form
        is DialogueForm.PLAIN
    )


@pytest.mark.parametrize("dash", ["— ", "– ", "- ", "—"])
def test_dashes_are_found(dash: str) -> None:
    dialogue = find_dialogue("".join(f"{dash}{words}\n" for _, words in turns()))
    assert (dialogue.form, dialogue.dash) == (DialogueForm.DASH, dash)
    assert dialogue.turn("", "Hello?", "") == f"{dash}Hello?\n{dash}"


def test_dashes_amid_prose_end_at_the_next_line() -> None:
    text = "".join(f"— {words}\nHe went on.\nShe too.\n" for _, words in turns())
    assert find_dialogue(text).stops == ("\n— ",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "It was noon. He said: go.\n" * 40,
        "".join(f"{number}: {words}\n" for number, (_, words) in enumerate(turns())),
        "".join(f"Entry {number}: {words}\n" for number, (_, words) in enumerate(turns())),
        "Note: a boat\n"
        + "The boat sails.\n" * 300
        + "Note: the boat\nNote: no boat\nP.S.: a boat\n",
    ],
    ids=["empty", "one label", "numbers", "labels that occur once", "rare labels"],
)
def test_prose_has_no_speakers(text: str) -> None:
    assert find_dialogue(text).form is DialogueForm.PLAIN


def test_without_speakers_a_turn_is_a_paragraph_or_a_line() -> None:
    wrapped = "The boat sails at noon,\nif the wind is low.\n\n" * 40
    assert find_dialogue(wrapped).turn("", "Who?", "") == "Who?\n\n"
    assert find_dialogue(wrapped.replace("\n\n", "\n")).turn("", "Who?", "") == "Who?\n"


@pytest.mark.parametrize(
    "timestamp",
    [
        "[12/03/24, 09:05] ",
        "[12.03.24, 09:05:59] ",
        "12/03/2024, 9:05 pm - ",
        "12/03/2024, 9:05\u202fPM - ",
        "2024-03-12 09:05:59 ",
        "2024-03-12T09:05 ",
        "[09:05] ",
        "09.05\t",
    ],
)
def test_timestamps_are_counted_and_stripped(timestamp: str) -> None:
    lines = [f"{name}: at 12:30 {words}\n" for name, words in turns()]
    stamped = "".join(timestamp + line for line in lines)
    assert count_timestamps(stamped) == len(lines)
    assert strip_timestamps(stamped) == ("".join(lines), len(lines))
    assert find_dialogue(strip_timestamps(stamped)[0]).names == NAMES


def test_text_without_timestamps_is_left_alone() -> None:
    text = "At 12:30 they left.\n12 boats.\n3:16 is a verse\n1.5 metres of rope\n"
    assert strip_timestamps(text)[0] == text.replace("3:16 ", "")
