import codecs
import hashlib
import io
import os
import subprocess
import sys
import unicodedata
import zipfile
from pathlib import Path
from typing import Unpack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.core.data import cleaning, corpus
from charloom.core.data.corpus import Corpus, ReadOptions, from_bytes, load
from charloom.core.errors import CharloomError
from tests.helpers.marks import needs_posix

WORDS = "No sooner had the wind fallen than we saw the ice.\n"
FRENCH = "L'été dernier, à la fin du mois d'août, nous étions allés jusqu'à la forêt. « Où ça ? »\n"
RUSSIAN = "Счастливые семьи похожи друг на друга, каждая несчастливая несчастлива по-своему.\n"


def read(data: bytes, **reading: Unpack[ReadOptions]) -> Corpus:
    return from_bytes(data, title="a text", source="a text", **reading)


def refusal(data: bytes, **reading: Unpack[ReadOptions]) -> str:
    with pytest.raises(CharloomError) as caught:
        read(data, **reading)
    return sentence(caught.value)


def sentence(error: CharloomError) -> str:
    message = str(error)
    assert message.endswith(".") and "\n" not in message
    return message


def refused(path: Path | str) -> str:
    with pytest.raises(CharloomError) as caught:
        load(path)
    return sentence(caught.value)


def test_a_file_gives_its_text_untouched(tmp_path: Path) -> None:
    path = tmp_path / "ice.txt"
    path.write_text(WORDS, encoding="utf-8")
    found = load(path)
    assert found == load(str(path))
    assert found.text == WORDS
    assert (found.title, found.source, found.encoding) == ("ice", str(path), "utf-8")
    assert found.notes == ()
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_dash_reads_standard_input_to_its_end() -> None:
    code = (
        "from charloom.core.data.corpus import load; import sys; sys.stdout.write(load('-').text)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=(FRENCH * 3000).encode(),
        capture_output=True,
        check=True,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )
    assert done.stdout.decode() == FRENCH * 3000


def test_a_closed_standard_input_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", None)
    assert "no standard input" in refused("-")
    path = tmp_path / "closed"
    path.touch()
    with path.open() as file:
        monkeypatch.setattr("sys.stdin", file)
    assert "no standard input" in refused("-")


MARKS = {
    "utf-8": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}
anything = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n\r\t"))


@settings(max_examples=60, deadline=None)
@given(tail=anything, encoding=st.sampled_from(sorted(MARKS)))
def test_a_text_with_a_byte_order_mark_is_read_back(tail: str, encoding: str) -> None:
    text = WORDS + tail
    found = read(MARKS[encoding] + text.encode(encoding))
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    assert found.text == unicodedata.normalize("NFC", lines)
    assert found.encoding == encoding
    assert not found.guessed
    assert found.sha256 == hashlib.sha256(found.text.encode()).hexdigest()


@settings(max_examples=60, deadline=None)
@given(tail=anything)
def test_utf_8_needs_no_mark_and_nfc_can_be_declined(tail: str) -> None:
    lines = (WORDS + tail).replace("\r\n", "\n").replace("\r", "\n")
    data = (WORDS + tail).encode()
    assert from_bytes(data, title="", source="", nfc=False).text == lines
    assert from_bytes(data, title="", source="").text == unicodedata.normalize("NFC", lines)


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=300) | st.binary(max_size=100).map(lambda b: WORDS.encode() + b))
def test_any_bytes_are_a_text_or_one_sentence(data: bytes) -> None:
    try:
        found = read(data)
    except CharloomError as error:
        sentence(error)
    else:
        assert len(found.text) >= corpus.MIN_CHARACTERS
        assert "\0" not in found.text and "\r" not in found.text


def test_a_named_encoding_wins() -> None:
    found = read(RUSSIAN.encode("koi8-r"), encoding="latin-1")
    assert found.text == RUSSIAN.encode("koi8-r").decode("latin-1")
    assert (found.encoding, found.guessed, found.notes) == ("latin-1", False, ())


@pytest.mark.parametrize("encoding", ["ascii", "utf-8", "utf-32", "undefined"])
def test_a_wrong_encoding_is_one_sentence(encoding: str) -> None:
    assert f"‘encoding’ '{encoding}' does not fit" in refusal(
        FRENCH.encode("cp1252"), encoding=encoding
    )


@pytest.mark.parametrize("encoding", ["", "klingon", "rot13", "base64", "zip", "a\0b", "ü"])
def test_an_unknown_encoding_is_one_sentence(encoding: str) -> None:
    refusal(FRENCH.encode(), encoding=encoding)


@pytest.mark.parametrize("encoding", ["idna", "Punycode", "unicode_escape"])
def test_a_codec_that_is_not_for_texts_is_no_text_encoding(encoding: str) -> None:
    assert f"‘encoding’ '{encoding}' is unknown" in refusal(WORDS.encode(), encoding=encoding)


def test_very_long_names_are_shortened_in_the_sentence() -> None:
    assert len(refusal(WORDS.encode(), encoding="\U0010ffff" * 10_000)) < 3_000
    assert "loom.txt'" in refused("long/" * 5_000 + "loom.txt")
    assert len(refused("long/" * 5_000 + "loom.txt")) < 300


def test_utf_8_cut_off_within_a_character_stays_utf_8() -> None:
    data = (FRENCH * 20).encode()
    cut = data[: data.rindex("ù".encode()) + 1]
    found = read(cut)
    assert (found.encoding, found.guessed) == ("utf-8", False)
    assert found.text == cut[:-1].decode() + "\ufffd"
    assert "1 U+FFFD" in found.notes[0]


def test_utf_16_cut_off_within_a_character_is_one_sentence() -> None:
    assert "utf-16-le but damaged" in refusal(codecs.BOM_UTF16_LE + WORDS.encode("utf-16-le")[:-1])


def test_a_named_encoding_may_bring_a_byte_order_mark() -> None:
    found = read(codecs.BOM_UTF8 + WORDS.encode(), encoding="utf-8")
    assert found.text == WORDS
    assert found.notes == ("Dropped the byte order mark.",)


def test_lone_surrogates_are_replaced() -> None:
    found = read(WORDS.encode() + b"\\ud800 and \\udfff", encoding="raw_unicode_escape")
    assert found.text == WORDS + "\ufffd and \ufffd"
    assert found.notes == ("Replaced 2 lone surrogates with U+FFFD.",)


def test_every_line_end_becomes_lf() -> None:
    found = read(b"One line of words,\r\nanother line,\ra third,\nthe last.\r\n")
    assert found.text == "One line of words,\nanother line,\na third,\nthe last.\n"
    assert found.notes == ("Turned 3 CRLF or CR line ends into LF.",)


def test_characters_are_composed_unless_declined() -> None:
    loose = unicodedata.normalize("NFD", FRENCH).encode()
    assert read(loose).text == FRENCH
    assert read(loose).notes == ("Composed the characters (NFC).",)
    kept = from_bytes(loose, title="", source="", nfc=False)
    assert kept.text.encode() == loose and kept.notes == ()


def test_piles_of_marks_are_composed_as_high_as_anybody_writes_them() -> None:
    pile = "o" + "\u0316\u0308" * (cleaning.MAX_COMBINING_MARKS // 2)
    found = read((WORDS + pile).encode())
    assert found.text == WORDS + unicodedata.normalize("NFC", pile)
    assert found.notes == ("Composed the characters (NFC).",)


@pytest.mark.parametrize("mark", ["\u0308", "\u0308\u0316", "\u0f73"])
def test_a_tower_of_marks_is_left_as_it_is(mark: str) -> None:
    # Composing this would take hours. U+0F73 is not a mark, but decomposes into two.
    tower = "e\u0301" + mark * 1_000_000
    found = read(tower.encode())
    assert found.text == tower
    assert found.notes[0] == "Left uncomposed: over 100 combining marks in a row."


@pytest.mark.parametrize("typed", ["\u00e0 la", "a\u0300 la"])
def test_a_phrase_is_found_however_it_was_typed(typed: str) -> None:
    loose = unicodedata.normalize("NFD", FRENCH).encode()
    assert read(loose, start=typed).text == FRENCH[15:]


@pytest.mark.parametrize(
    "data",
    [
        bytes(range(256)) * 4,
        WORDS.encode() + b"\0",
        bytes(range(1, 32)) * 10,
    ],
)
def test_binary_data_is_refused(data: bytes) -> None:
    assert "looks like binary data" in refusal(data)


def zipped(name: str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(zipfile.ZipInfo("[Content_Types].xml"), "")
        file.writestr(zipfile.ZipInfo(name), WORDS)
    return archive.getvalue()


@pytest.mark.parametrize(
    ("data", "what", "advice"),
    [
        (b"\x28\xb5\x2f\xfd" + WORDS.encode(), "a Zstandard archive", "unpack it"),
        (zipped("xl/workbook.xml"), "an Excel document", "save it as plain text"),
        (b"%PDF-1.7\n" + WORDS.encode(), "a PDF document", "save it as plain text"),
        (b"{\\rtf1 " + WORDS.encode(), "an RTF document", "save it as plain text"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + WORDS.encode(), "an image", "choose a text file"),
    ],
)
def test_archives_and_documents_are_recognized(data: bytes, what: str, advice: str) -> None:
    message = refusal(data)
    assert f"is {what}, not a plain text" in message and advice in message
    assert read(data, encoding="latin-1").encoding == "latin-1"


def test_a_log_with_colours_is_text() -> None:
    log = b"\x1b[31mred\x1b[0m and \x1b[32mgreen\x1b[0m words\n" * 9
    assert read(log).text.encode() == log


@pytest.mark.parametrize("data", [b"", b" \n\t\n" * 40, codecs.BOM_UTF8])
def test_an_empty_text_is_refused(data: bytes) -> None:
    assert "is empty" in refusal(data)


def test_a_text_must_be_long_enough() -> None:
    least = (WORDS * 2)[: corpus.MIN_CHARACTERS].encode()
    assert len(read(least).text) == corpus.MIN_CHARACTERS
    assert "has only 31 characters" in refusal(least[:-1])


def test_a_text_of_one_character_is_refused() -> None:
    assert "a single character" in refusal(b"a" * 1000)
    assert read(b"ab" * 500).text == "ab" * 500


def test_one_very_long_line_is_read(tmp_path: Path) -> None:
    path = tmp_path / "line"
    path.write_bytes(b"word " * 60_000)
    assert load(path).text == "word " * 60_000


def test_a_slice_is_reported() -> None:
    found = read(WORDS.encode() * 3, start="the wind", end=str(len(WORDS) * 2))
    assert found.text == WORDS[14:] + WORDS
    assert found.notes == ("Took the 88 characters from 14 to 102.",)


def test_a_slice_that_leaves_too_little_is_refused() -> None:
    assert "has only 3 characters" in refusal(WORDS.encode(), start="4", end="7")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "There is no file" in refused(tmp_path / "nothing")


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    assert "There is no text in the folder" in refused(tmp_path)


@needs_posix("named pipes")
def test_a_pipe_or_device_is_refused_without_waiting(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert "use '-' as its name" in refused(fifo)
    assert "use '-' as its name" in refused("/dev/zero")


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(WORDS)
    path.chmod(0)
    assert "may not read" in refused(path)


@pytest.mark.parametrize("name", ["a\0b", "long" * 2000, "new\nline", ""])
def test_an_impossible_name_is_one_sentence(name: str) -> None:
    refused(name)


@needs_posix("symbolic links that anyone may make")
def test_a_link_to_itself_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    refused(tmp_path / "loop")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere such a name cannot be made")
def test_a_name_in_broken_utf_8_can_still_be_written_down(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.txt")
    path.write_text(WORDS)
    found = load(path)
    assert found.title == "caf\ufffd"
    found.source.encode("utf-8")


def test_a_text_does_not_show_itself_whole() -> None:
    assert WORDS not in repr(read(WORDS.encode()))


def test_the_lines_of_a_conversation_keep_their_order() -> None:
    lines = "".join(f"{'Ada' if n % 3 else 'Bram'}: boat {n}\n" for n in range(80))
    assert from_bytes(lines.encode(), title="chat", source="chat").text == lines
