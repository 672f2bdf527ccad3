"""Texts as people have them: every kind of file, whole and broken."""

import bz2
import csv
import gzip
import io
import json
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Unpack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.core.data.corpus import Corpus, ReadOptions, from_bytes
from charloom.core.data.readers import base
from charloom.core.data.readers.epub import html_text
from charloom.core.errors import CharloomError, SettingError
from tests.helpers.documents import docx_of, epub_of, zip_of

ICE = "No sooner had the wind fallen than we saw the ice.\n"
SEA = "The sea was grey, and nobody spoke of the letter.\n"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
TABLE = 'id,text\n1,"The sea, ""grey"" and\nwide"\n2,the ice\n\n3\n4, \n'
RECORDS = [{"id": "a", "said": {"text": "The sea was grey."}}, {"said": {"text": "The ice."}}, {}]
JSON_LINES = "".join(json.dumps(record) + "\n" for record in RECORDS)
BOOK = {
    "two%20seas.xhtml": "<html><head><title>T</title></head><body><h1>One</h1>"
    "<p>The sea&nbsp;was\n  <i>gr</i>ey&mdash;<br/>wide.</p><script>x</script></body></html>",
    "one.xhtml": "<p>The ice.</p><div>Verse</div><div>verse</div>",
}
PARAGRAPHS = (
    "<w:p><w:pPr><w:tabs><w:tab/></w:tabs></w:pPr><w:r><w:t>The sea</w:t><w:tab/>"
    "<w:t>was grey</w:t></w:r></w:p><w:p/>"
    "<w:p><w:del><w:r><w:delText>no</w:delText></w:r></w:del><w:r><w:t>and</w:t><w:br/>"
    "<w:t>wide.</w:t></w:r><mc:AlternateContent><mc:Choice><w:p><w:r><w:t> Box</w:t></w:r></w:p>"
    "</mc:Choice><mc:Fallback><w:p><w:r><w:t>Box</w:t></w:r></w:p></mc:Fallback>"
    "</mc:AlternateContent></w:p>"
)


def read(data: bytes, name: str = "text", **options: Unpack[ReadOptions]) -> Corpus:
    options["short"] = True
    return from_bytes(data, title="a text", source=name, **options)


def refusal(data: bytes, name: str = "text", **options: Unpack[ReadOptions]) -> str:
    with pytest.raises(CharloomError) as caught:
        read(data, name, **options)
    message = str(caught.value)
    assert message.endswith((".", "?")) and "\n" not in message and len(message) < 500
    return message


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "a.txt.gz": gzip.compress,
    "a.txt.bz2": bz2.compress,
    "a.txt.xz": lzma.compress,
}


@pytest.mark.parametrize("name", PACKERS)
def test_packed_texts_are_unpacked(name: str) -> None:
    pack = PACKERS[name]
    assert read(pack(ICE.encode()), name).text == ICE
    assert read(pack("été".encode("cp1252") * 9), name, encoding="cp1252").text == "été" * 9
    assert read(pack(TABLE.encode()), name.replace("txt", "csv"), column="text").text.endswith(
        "ice\n"
    )
    assert "is an image" in refusal(pack(PNG), name)


@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize("cut", [20, -6])
def test_an_archive_cut_off_is_one_sentence(name: str, cut: int) -> None:
    data = PACKERS[name](bytes(range(32, 127)) * 40)
    assert "is damaged or incomplete" in refusal(data[:cut], name)


def test_a_zip_archive_gives_its_texts_by_name_and_says_what_it_skipped() -> None:
    files: dict[str, str | bytes] = {
        "c10.txt": SEA,
        "c2.txt": ICE,
        "p.png": PNG,
        "__MACOSX/._c2.txt": b"\0\0",
        ".x": "no",
    }
    files |= {"b/": "", "b/l.jsonl": '"Third."\n'}
    found = read(zip_of(files))
    assert found.text == "Third.\n\n\n" + ICE + "\n\n" + SEA
    assert found.notes == (
        "Joined 3 files by name with two blank lines between them: l.jsonl, c2.txt, c10.txt.",
        "Skipped 1 file without text: p.png.",
    )


@pytest.mark.parametrize("keep", [30, -30])
def test_a_zip_archive_cut_off_is_one_sentence(keep: int) -> None:
    assert "is damaged or incomplete" in refusal(zip_of({"a.txt": ICE})[:keep])


def test_a_file_without_a_name_in_an_archive_is_left_out() -> None:
    data = zip_of({"a.txt": ICE, "Zero": SEA}).replace(b"Zero", b"\0ero")
    assert read(data).text == ICE


def test_a_damaged_or_locked_file_in_an_archive_is_one_sentence() -> None:
    data = bytearray(zip_of({"a.txt": ICE}, zipfile.ZIP_STORED))
    data[data.index(b"sooner")] ^= 1
    assert "is damaged or incomplete" in refusal(bytes(data))
    data = bytearray(zip_of({"a.txt": ICE}))
    data[6] |= 1  # encrypted, in the local header and in the list
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert "cannot be unpacked here" in refusal(bytes(data))


@pytest.mark.parametrize(
    "pack",
    [
        lambda: gzip.compress(bytes(2**25)),
        lambda: bz2.compress(b"a" * 2**25),
        lambda: lzma.compress(b"a" * 2**25),
        lambda: zip_of({"a.txt": b"a" * 2**25}),
        lambda: zip_of({f"{n}.bin": b"\0" * 2**23 for n in range(4)}),
        lambda: docx_of("<w:p/>" * 2**22),
        lambda: epub_of({"a.xhtml": "<p>" + "a" * 2**25}),
    ],
    ids=["gzip", "bzip2", "xz", "zip", "many", "docx", "epub"],
)
def test_bombs_are_refused(pack: Callable[[], bytes]) -> None:
    bomb = pack()
    assert len(bomb) < 2**17 and "unpacks to over 200 times its size" in refusal(bomb)


def test_a_part_of_a_document_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "MAX_PART_BYTES", 2**12)
    assert "is larger than" in refusal(epub_of(BOOK | {"b.xhtml": ICE * 90}))


def test_archives_in_archives_end() -> None:
    data = ICE.encode()
    for depth in range(4):
        if depth == 3:
            assert read(data).text == ICE
        data = gzip.compress(data)
    assert "is packed more than 3 times" in refusal(data)


def test_a_column_of_a_table_is_read() -> None:
    rows = 'The sea, "grey" and\nwide\nthe ice\n'
    assert read(TABLE.encode(), "a.csv", column="text").text == rows
    assert read(TABLE.encode(), "a.csv", column="text").notes == (
        "Left out 2 records without a text.",
    )
    assert read(b"\xef\xbb\xbf" + TABLE.encode(), "a.csv", column="id").text == "1\n2\n3\n4\n"
    semicolons = TABLE.replace(",", ";").replace("sea;", "sea,")
    assert read(semicolons.encode(), "A.CSV", column="text").text == rows
    assert read(TABLE.encode(), "a.csv", column="2").text == "text\n" + rows
    assert read(b"Anna\nBerta\n", "a.csv").text == "Anna\nBerta\n"
    assert read(TABLE.encode(), "-", column="text").text == rows


def test_records_end_with_a_separator_and_line_ends_in_them_are_one() -> None:
    table = b'a,b\r\n"x\r\ny",1\r\nz,2\r\n'
    assert read(table, "a.csv", column="a", separator="|").text == "x\ny|z|"


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@settings(max_examples=30, deadline=None)
@given(
    texts=st.lists(st.text(st.sampled_from("ab,;\t\"' \n|é")).filter(str.strip), min_size=1),
)
def test_what_the_csv_module_writes_is_read_back(delimiter: str, texts: list[str]) -> None:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows([["n", "t"], *enumerate(texts)])
    found = read(file.getvalue().encode(), "a.csv", column="t", separator="§", nfc=False)
    assert found.text == "".join(text.rstrip("\n") + "§" for text in texts)


def test_a_table_with_tabs_may_have_bare_quotation_marks() -> None:
    bare = b'id\ttext\n1\t"Well," she said.\n2\t5" of snow\n'
    assert read(bare, "a.tsv", column="text").text == '"Well," she said.\n5" of snow\n'
    assert read(b'id\ttext\n1\t"a\tb"\n', "a.tsv", column="text").text == "a\tb\n"


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.json"])
def test_a_column_must_be_given_and_those_there_are_named(name: str) -> None:
    data = TABLE.encode() if name == "a.csv" else JSON_LINES.encode()
    option = "column" if name == "a.csv" else "field"
    for column in (None, "txt"):
        with pytest.raises(SettingError) as caught:
            read(data, name, column=column)
        assert (caught.value.field, caught.value.option) == ("column", option)
        assert "text'" in str(caught.value) and "'id'" in str(caught.value)
    assert "applies to tables" in refusal(ICE.encode(), "a.txt", column="text")


def test_a_broken_table_is_one_sentence() -> None:
    assert "line 4" in refusal(b'a,b\n1,2\n3,"4\n5,6\n', "a.csv", column="b")
    assert "line 2" in refusal(b'a,b\n1,"2"3\n', "a.csv", column="b")


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "-"])
def test_a_field_of_json_is_read(name: str) -> None:
    texts = "The sea was grey.\nThe ice.\n"
    for data in (JSON_LINES, json.dumps(RECORDS), json.dumps(RECORDS, indent=2)):
        found = read(data.encode(), name, column="said.text")
        assert found.text == texts
        assert found.notes == ("Left out 1 record without a text.",)


def test_the_only_field_with_text_needs_not_be_given() -> None:
    found = read(
        b'{"n": 1, "t": {"x": "The sea."}}\n{"t": {"x": "The ice.", "y": "No."}}\n', "a.json"
    )
    assert found.text == "The sea.\nThe ice.\n"
    assert found.notes == ("Read the field 't.x'.",)


def test_lists_of_texts_need_no_field() -> None:
    for data in (
        '["The sea.", "The ice."]',
        '"The sea."\n\n"The ice."\n',
        '{"t": "The sea."}\n{"t": "The ice."}',
    ):
        assert read(data.encode(), "a.json").text == "The sea.\nThe ice.\n"
    nested = {"rows": [{"a.b": "The sea."}, {"a.b": ["The ice.", 5, None]}]}
    found = read(json.dumps(nested).encode(), "a.json", column="rows.a.b")
    assert found.text == "The sea.\nThe ice.\n" and "2 records" in found.notes[0]
    assert read(rb'["\ud800 is\r\nlost"]', "a.json").text == "\ufffd is\nlost\n"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ('{"a": "b"}\n{"a": ', "line 2"),
        ('[\n"a",\n"b"\n', "line 4"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": ' + "9" * 5_000 + "}", "not valid JSON"),
        ("", "is empty"),
        ("[1, 2]", "is empty"),
    ],
)
def test_broken_json_is_one_sentence(data: str, message: str) -> None:
    assert message in refusal(data.encode(), "a.json")


def test_a_word_document_gives_a_line_for_each_paragraph() -> None:
    found = read(docx_of(PARAGRAPHS), "a.docx")
    assert found.text == "The sea\twas grey\n\nand\nwide. Box\n\n"
    assert found.notes == ()


def test_a_word_document_of_a_simple_converter_is_read() -> None:
    paragraphs = "<w:p>The sea &amp;\n the ice.</w:p>\n <w:p>\n <w:t>No.</w:t></w:p>"
    found = read(zip_of({"word/document.xml": f"<w:document>{paragraphs}</w:document>"}))
    assert found.text == "The sea &\n the ice.\nNo.\n"


def test_a_broken_word_document_is_one_sentence() -> None:
    assert "is damaged or incomplete" in refusal(docx_of("<w:p>"))
    assert "is damaged or incomplete" in refusal(docx_of(PARAGRAPHS)[:-40])
    assert "is empty" in refusal(docx_of(""))


def test_xml_that_declares_entities_is_refused() -> None:
    bomb = '<!DOCTYPE w [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    assert "declares entities" in refusal(docx_of("<w:p><w:r><w:t>&b;</w:t></w:r></w:p>", bomb))
    assert "declares entities" in refusal(epub_of(BOOK, bomb + "<package/>"))
    harmless = '<!DOCTYPE html [<!ENTITY a "aaaaaaaaaa">]><p>&b; and &amp;</p>'
    text = read(epub_of({"a": harmless})).text
    assert "&b; and &" in text and "aaa" not in text


def test_an_e_book_gives_its_chapters_in_reading_order() -> None:
    found = read(epub_of(BOOK), "a.epub")
    assert found.text == "One\n\nThe sea\xa0was grey—\nwide.\n\nThe ice.\n\nVerse\nverse\n\n"


@pytest.mark.parametrize(
    "package",
    ["<package", "<package/>", '<package><spine><itemref idref="x"/></spine></package>'],
)
def test_a_broken_e_book_is_one_sentence(package: str) -> None:
    message = refusal(epub_of(BOOK, package))
    assert "is damaged or incomplete" in message or "is empty" in message
    assert "is damaged or incomplete" in refusal(epub_of(BOOK)[:-40])
    assert "is damaged or incomplete" in refusal(zip_of({"META-INF/container.xml": "<container/>"}))


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("a <b>bold</b>  word<br>and\n line", "a bold word\nand line"),
        ("<p>one</p>\n\n<p> two </p>", "one\n\ntwo"),
        ("<pre>  x\n    y</pre>", "x\n    y"),
        ("<style>p {}</style><p>a<!-- no --></p><script>b</script>", "a"),
        ("<ul><li>one</li><li>two</li></ul>", "one\ntwo"),
        ("<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp></ruby>字", "漢字"),
        ("co\xadop &lt;&#233;&gt;", "coop <é>"),
        ("never <b>closed", "never closed"),
    ],
)
def test_html_becomes_text(html: str, text: str) -> None:
    assert html_text(html) == text


@settings(max_examples=100, deadline=None)
@given(
    data=st.sampled_from(
        [docx_of(PARAGRAPHS), epub_of(BOOK), zip_of({"a.csv": TABLE}), gzip.compress(b"words" * 50)]
    ),
    at=st.floats(0, 1, exclude_max=True),
    byte=st.integers(0, 255),
)
def test_a_changed_byte_gives_a_text_or_one_sentence(data: bytes, at: float, byte: int) -> None:
    index = int(at * len(data))
    changed = data[:index] + bytes([byte]) + data[index + 1 :]
    try:
        read(changed, "file", column=None)
    except CharloomError as error:
        assert "\n" not in str(error)


def test_no_reader_opens_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    read(zip_of({"../out.txt": ICE, "/tmp/out.txt": SEA}))
    assert list(tmp_path.iterdir()) == []
