# ruff: noqa: RUF001 - texts in many scripts

import io
import tracemalloc
from pathlib import Path

import pytest

from charloom.core.data.encodings import Encoding, detect
from charloom.core.errors import CharloomError
from tests.core.data.test_corpus import FRENCH, RUSSIAN, read

POLISH = (
    "Litwo! Ojczyzno moja! ty jesteś jak zdrowie; ile cię trzeba cenić, ten tylko się dowie, "
    "kto cię stracił. Dziś piękność twą w całej ozdobie widzę i opisuję, bo tęsknię po tobie.\n"
)
JAPANESE = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。\n" * 4
BOOK = (Path(__file__).parents[3] / "assets" / "the-loom-at-carrow.txt").read_text("utf-8")
QUOTES = "“Ice,” said he – and ‘never’.\n"


def english(length: int) -> str:
    """Return a text in ASCII."""
    return (BOOK.encode("ascii", "ignore").decode() * 9)[:length]


@pytest.mark.parametrize(
    ("text", "encoding", "named"),
    [
        (FRENCH, "cp1252", "windows-1252"),
        (FRENCH * 50, "cp1252", "windows-1252"),
        (POLISH, "cp1250", "windows-1250"),
        (RUSSIAN, "cp1251", "windows-1251"),
        (RUSSIAN, "koi8-r", "koi8-r"),
        (JAPANESE, "shift_jis", "cp932"),
    ],
)
def test_another_encoding_is_guessed_and_the_guess_reported(
    text: str, encoding: str, named: str
) -> None:
    found = read(text.encode(encoding))
    assert found.text == text
    assert (found.encoding, found.guessed) == (named, True)
    assert found.notes == (f"Read as {named} (a guess); if that is wrong, specify the encoding.",)
    assert read(text.encode(encoding), encoding=named).text == text


def test_a_book_with_quotation_marks_is_read_as_what_nearly_all_such_books_are_in() -> None:
    text = BOOK.encode("cp1252", "ignore").decode("cp1252") * 3
    found = read(text.encode("cp1252"))
    assert (found.encoding, found.text) == ("windows-1252", text)


@pytest.mark.parametrize(
    ("passage", "encoding", "named"),
    [
        (QUOTES, "cp1252", "windows-1252"),
        (FRENCH, "latin-1", "windows-1252"),
        (RUSSIAN, "cp1251", "windows-1251"),
        (RUSSIAN, "koi8-r", "koi8-r"),
        (JAPANESE, "euc_jp", "euc_jp"),
    ],
    ids=["quotes", "French", "Russian", "Russian in KOI8", "Japanese"],
)
def test_a_chapter_within_a_long_english_text_tells_its_encoding(
    passage: str, encoding: str, named: str
) -> None:
    text = english(200_000) + passage * 100 + english(200_000)
    found = read(text.encode(encoding))
    assert (found.encoding, found.text) == (named, text)


def test_a_byte_that_an_encoding_lacks_excludes_it_anywhere() -> None:
    data = (FRENCH.encode("cp1252") * 9_000) + b"\x81\n"  # which is undefined in windows-1252
    found = read(data)
    assert found.encoding != "windows-1252"
    assert found.text.encode(found.encoding.replace("windows-", "cp")) == data


def test_one_foreign_letter_in_a_long_text_is_enough_to_guess_by() -> None:
    data = english(400_000).encode()
    for at in range(4_096 * 60 - 8, 4_096 * 60 + 8):  # around the end of a block
        found = read(data[:at] + b" na\xefve " + data[at:])
        assert (found.encoding, found.text[at : at + 7]) == ("windows-1252", " naïve ")


def test_long_bytes_without_a_blank_are_guessed_too() -> None:
    text = "àlafindumoisdaoûtnousétionsallésjusquàlaforêt" * 9_000
    found = read(text.encode("cp1252"))
    assert (found.encoding, found.text) == ("windows-1252", text)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize(
    "text", [english(300), RUSSIAN, "नमस्ते दुनिया, यह एक छोटा पाठ है।\n" * 3, JAPANESE]
)
def test_utf_16_and_32_need_no_byte_order_mark(text: str, encoding: str) -> None:
    found = read(text.encode(encoding))
    assert (found.text, found.encoding, found.guessed) == (text, encoding, True)


@pytest.mark.parametrize("encoding", ["iso2022_jp", "iso2022_kr", "hz"])
def test_east_asian_text_in_ascii_characters_is_recognized(encoding: str) -> None:
    text = {"iso2022_kr": "모든 인간은 자유로우며\n", "hz": "人人生而自由，一律平等。\n"}.get(
        encoding, JAPANESE
    ) * 3
    found = read(text.encode(encoding))
    assert (found.text, found.encoding, found.guessed) == (text, encoding, True)


@pytest.mark.parametrize("encoding", ["gbk", "cp949", "shift_jis"])
def test_a_text_cut_off_within_a_character_is_still_guessed(encoding: str) -> None:
    text = {
        "gbk": "人人生而自由，在尊严和权利上一律平等。",
        "cp949": "모든 인간은 자유로우며 똠방각하",
    }.get(encoding, JAPANESE) * 9
    assert read(text.encode(encoding) + b"\x8e").text == text + "\ufffd"


def test_a_nul_is_a_character_if_the_encoding_is_given() -> None:
    data = english(500).encode() + b"\0"
    with pytest.raises(CharloomError, match=r"looks like binary data \(1 NUL\)\. .*such as utf-8"):
        read(data)
    assert read(data, encoding="utf-8").text.encode() == data


def test_guessing_takes_memory_in_proportion_to_the_text() -> None:
    data = bytearray(english(1 << 20).encode())
    data[::20] = b"\xbf" * len(data[::20])  # a letter or a sign in nearly every encoding
    tracemalloc.start()
    read(bytes(data))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * len(data)


class Growing(io.BytesIO):
    """A file to which another program adds faster than it is read."""

    def read(self, size: int | None = -1, /) -> bytes:
        assert len(self.getbuffer()) < 2**26, "read on for ever"
        place = self.tell()
        self.seek(0, io.SEEK_END)
        self.write(b"more\n" * 2**16)
        self.seek(place)
        return super().read(size)


def test_a_file_that_grows_for_ever_is_looked_through_as_it_was_at_first() -> None:
    assert detect(Growing(b"The wind was low.\n" * 100), None, "log") == Encoding("utf-8")
