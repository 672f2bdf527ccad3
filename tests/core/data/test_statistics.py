import dataclasses

import pytest

from charloom.core.config import TrainConfig
from charloom.core.data.corpus import from_bytes
from charloom.core.data.statistics import TextStatistics, analyze_text, char_label
from charloom.core.runs.estimates import estimate_presets, training_seconds


def analyzed(text: str, encoding: str = "utf-8") -> TextStatistics:
    return analyze_text(from_bytes(text.encode(encoding), title="a text", source="a text"))


def issues(text: str, encoding: str = "utf-8") -> list[str]:
    found = analyzed(text, encoding).issues
    return [f"{issue.summary} {issue.advice.format(option=issue.option)}" for issue in found]


PLAIN = "the cat sat on the mat\nand the rat sat on the cat\n" * 1000


def test_a_plain_text_is_counted_and_nothing_found() -> None:
    found = analyzed(PLAIN)
    assert (found.characters, found.utf8_bytes, found.lines) == (50_000, 50_000, 2000)
    assert (found.longest_line, found.distinct) == (26, len(set(PLAIN)))
    assert (found.rare, found.controls, found.non_text) == ((), (), 0)
    assert (found.encoding, found.guessed) == ("utf-8", False)
    assert found.issues == ()


def test_lines_are_counted_with_and_without_a_last_newline() -> None:
    assert analyzed("a line of some words\nand one more").lines == 2
    assert analyzed("a line of some words\nand one more\n").lines == 2
    assert analyzed("a line of some words\nand one more\n\n").lines == 3


def test_bytes_are_those_of_utf_8() -> None:
    text = "été — naïve œuvre, et çà et là" + PLAIN
    assert analyzed(text).utf8_bytes == len(text.encode())


def test_rare_characters_are_named_with_their_counts_and_the_way_out() -> None:
    found = analyzed(PLAIN + "ZZZ Q Q ßßßß")
    assert found.rare == (("Z", 3), ("Q", 2))
    assert [issue.summary for issue in found.issues] == ["Seen fewer than 4 times: 'Z' ×3, 'Q' ×2."]
    assert "{option} 4 maps" in found.issues[0].advice and found.issues[0].option == "fold"


def test_a_long_list_of_rare_characters_is_shortened() -> None:
    (issue,) = issues(PLAIN + "ABCDEFGHIJK")
    assert "'H' ×1 and 3 more" in issue


def test_controls_and_formats_are_named_and_counted() -> None:
    text = PLAIN + "\x1b[0m" * 5 + "a\u200db" * 10 + "\t" * 9
    found = analyzed(text)
    assert found.controls == (("\u200d", 10), ("\x1b", 5))
    assert found.non_text == pytest.approx(15 / len(text))
    assert "ZERO WIDTH JOINER ×10, U+001B ×5" in "".join(issues(text))


def test_lost_characters_count_as_no_text() -> None:
    text = PLAIN + "\ufffd\ufffd\ue000\ufffd\ue000\ue000\ue000\ufffd"
    assert analyzed(text).non_text == pytest.approx(8 / len(text))
    assert any("8 replacement, private or unassigned" in issue for issue in issues(text))


def test_a_short_text_is_said_to_overfit() -> None:
    assert any("short: 19,999" in each and "overfit" in each for each in issues(PLAIN[:19_999]))
    assert issues(PLAIN[:20_000]) == []


def test_a_large_vocabulary_and_a_long_line_are_found() -> None:
    han = "".join(chr(0x4E00 + i) for i in range(1100)) * 20
    found = " ".join(issues(han))
    assert "1,100 distinct characters" in found and "fold N" in found
    assert "longest line has 22,000 characters" in found


def test_a_guessed_encoding_is_an_issue() -> None:
    text = "Über die Straße ging ein älterer Herr mit grünem Hut und hörte plötzlich Geräusche.\n"
    found = analyzed(text * 300, "cp1252")
    assert found.guessed
    assert any(
        "windows-1252" in issue.summary and issue.option == "encoding" for issue in found.issues
    )


def test_statistics_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        analyzed(PLAIN).lines = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("character", "shown"),
    [
        ("a", "'a'"),
        ("é", "'é'"),
        (" ", "SPACE"),
        ("\xa0", "NO-BREAK SPACE"),
        ("\n", "U+000A"),
        ("\u202e", "RIGHT-TO-LEFT OVERRIDE"),
        ("\U0010fffd", "U+10FFFD"),
    ],
)
def test_a_label_never_acts_on_the_terminal(character: str, shown: str) -> None:
    assert char_label(character) == shown


def test_one_pass_over_contiguous_lanes_sees_each_training_character_once() -> None:
    training = TrainConfig(batch_size=1, window=10, batching="contiguous", held_out=0.1, epochs=1)
    assert training_seconds(1_001, training, speed=9.0) == pytest.approx(100, abs=2)
    longer = dataclasses.replace(training, epochs=2.5)
    assert training_seconds(1_001, longer, speed=9.0) == pytest.approx(250, abs=4)
    unbound = dataclasses.replace(training, epochs=None)
    assert training_seconds(1_001, unbound, 9.0) == training_seconds(1_001, training, 9.0)


def test_one_pass_over_shuffled_windows_sees_each_window_once() -> None:
    training = TrainConfig(batch_size=1, window=48, batching="shuffled", held_out=0.1, epochs=1)
    windows = len(range(900 - 48))
    assert training_seconds(1_000, training, speed=2.0) == windows * 48 / 2


def test_a_text_shorter_than_a_window_takes_no_time() -> None:
    assert training_seconds(40, TrainConfig(batching="shuffled", window=48, epochs=1), 1.0) == 0


def test_steps_and_minutes_are_taken_as_they_are() -> None:
    by_steps = TrainConfig(batch_size=36, window=48, steps=10)
    assert training_seconds(1_000, by_steps, speed=100.0) == 36 * 48 * 10 / 100
    assert training_seconds(1_000, TrainConfig(minutes=1.5), speed=1.0) == 90


def test_presets_are_estimated_where_their_speed_is_known() -> None:
    known = {"small": 1_000.0, "medium": 0.0}
    estimates = estimate_presets(1_000_000, 80, known)
    assert [each.preset for each in estimates] == ["auto", "small"]
    assert estimates[0].seconds == 180
    assert estimates[1].seconds == pytest.approx(12 * 900_000 / 1_000, rel=0.01)  # twelve passes
    assert estimate_presets(31, 9, known) == []


@pytest.mark.parametrize(
    ("preset", "slower"), [("notebook", 3.35), ("small", 2.42), ("medium", 1.98)]
)
def test_estimates_know_how_much_a_large_vocabulary_costs(preset: str, slower: float) -> None:
    # slower: measured on one thread, with 22,613 characters instead of 80
    few, many = (estimate_presets(1_000_000, n, {preset: 1_000.0})[1] for n in (80, 22_613))
    assert many.seconds / few.seconds == pytest.approx(slower, rel=0.4)


def test_too_many_distinct_characters_are_told_with_what_to_do() -> None:
    many = "".join(map(chr, range(0xF0000, 0xF0000 + 70_000)))
    issues = {issue.summary: issue for issue in analyzed(many + many[:40_000]).issues}
    issue = issues["Too many distinct characters: 70,000; a model can have 65,536."]
    assert issue.option == "fold"
    assert issue.advice.format(option="--fold") == (
        "--fold 2 maps all that occur fewer times to one entry, which leaves 40,001."
    )
