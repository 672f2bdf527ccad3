import ast
import gc
import inspect
import json
import os
import socket
import string
import unicodedata
import weakref
from collections.abc import Iterator
from pathlib import Path
from pydoc_data.topics import topics

import pytest

from charloom.core import paths
from charloom.core.data import catalog
from charloom.core.errors import CharloomError, UnknownTextError
from tests.helpers.gutenberg_server import Answer, GutenbergServer, gutenberg_file, running
from tests.helpers.marks import is_private

BODY = "Chapter 1\n\n" + "The wind fell, and the ice lay all around us in the fog.\n" * 400
GOOD = gutenberg_file(BODY)
QUICK = (0.0, 0.0)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[GutenbergServer]:
    monkeypatch.setenv("NO_PROXY", "*")
    gc.freeze()  # so that the collection below looks only at what the test made
    with running() as server:
        monkeypatch.setenv(catalog.MIRROR_VARIABLE, server.address)
        yield server
    gc.collect()  # a socket that was left open is reported here, and fails the test


def kept() -> list[str]:
    folder = paths.downloads_dir()
    return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


def refusal(name: str = "frankenstein", timeout: float = 5) -> str:
    with pytest.raises(CharloomError) as caught:
        catalog.fetch(name, timeout=timeout, retry_seconds=QUICK)
    message = str(caught.value)
    assert message.endswith(".") and "\n" not in message
    return message


def test_names_and_numbers_are_unique() -> None:
    names = [entry.name for entry in catalog.ENTRIES]
    numbers = [entry.gutenberg for entry in catalog.ENTRIES if entry.gutenberg is not None]
    assert len(set(names)) == len(names)
    assert len(set(numbers)) == len(numbers) >= 12
    assert catalog.find("frankenstein").gutenberg == 84


def test_a_download_is_the_book_without_its_wrapping(server: GutenbergServer) -> None:
    server.serve(84, Answer(GOOD))
    book = catalog.fetch("frankenstein")
    assert book.text == BODY.rstrip("\n")
    assert (book.title, book.source, book.encoding) == ("Frankenstein", "frankenstein", "utf-8")
    assert any("header" in note and "footer" in note for note in book.notes)


def test_a_download_is_kept_and_the_network_not_asked_again(server: GutenbergServer) -> None:
    server.serve(84, Answer(GOOD))
    assert not catalog.cached("frankenstein")
    first = catalog.fetch("frankenstein")
    assert catalog.cached("frankenstein")
    assert catalog.fetch("frankenstein") == first
    assert server.count(84) == 1
    assert kept() == ["pg84.txt"]
    assert (paths.downloads_dir() / "pg84.txt").read_bytes() == GOOD
    assert is_private(paths.downloads_dir())


def test_what_is_kept_serves_without_a_network(
    server: GutenbergServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.serve(84, Answer(GOOD))
    first = catalog.fetch("frankenstein")
    monkeypatch.setenv(catalog.MIRROR_VARIABLE, f"http://127.0.0.1:{unused_port()}")
    assert catalog.fetch("frankenstein") == first


@pytest.mark.parametrize("length", [None, -1])
def test_progress_grows_to_the_whole(server: GutenbergServer, length: int | None) -> None:
    server.serve(84, Answer(GOOD, length=length))
    seen: list[tuple[int, int]] = []
    catalog.fetch("frankenstein", on_progress=lambda done, total: seen.append((done, total)))
    done = [each for each, _ in seen]
    assert done == sorted(done) and len(set(done)) > 1
    if length is None:
        assert done[-1] == len(GOOD)
        assert {total for _, total in seen} == {len(GOOD)}
    else:  # the server did not send a length
        assert done[-1] == len(GOOD)
        assert {total for _, total in seen} == {0}


def test_a_download_that_its_watcher_stops_is_not_kept(server: GutenbergServer) -> None:
    server.serve(84, Answer(GOOD))

    def stop(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        catalog.fetch("frankenstein", on_progress=stop)
    assert kept() == []


def test_the_mirror_asked_for_goes_before_the_environment(
    server: GutenbergServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(catalog.MIRROR_VARIABLE, f"http://127.0.0.1:{unused_port()}")
    server.serve(84, Answer(GOOD))
    assert catalog.fetch("frankenstein", mirror=server.address + "/").text == BODY.rstrip("\n")


@pytest.mark.parametrize("mirror", ["gutenberg.org", "ftp://127.0.0.1", "file:///etc", "http://["])
def test_a_mirror_that_is_no_web_address_is_refused(mirror: str) -> None:
    with pytest.raises(CharloomError, match="is not an address"):
        catalog.fetch("frankenstein", mirror=mirror)


def test_a_redirect_is_followed(server: GutenbergServer) -> None:
    server.serve(84, Answer(status=302, headers={"Location": "/cache/epub/85/pg85.txt"}))
    server.serve(85, Answer(GOOD))
    assert catalog.fetch("frankenstein").text == BODY.rstrip("\n")


def test_a_redirect_in_a_circle_is_refused(server: GutenbergServer) -> None:
    server.serve(84, Answer(status=302, headers={"Location": "/cache/epub/84/pg84.txt"}))
    assert "(302)" in refusal()
    assert kept() == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(GOOD, length=len(GOOD) + 1000), "broke off in the middle"),
        (Answer(GOOD, length=len(GOOD) // 2), "only the beginning"),
        (Answer(GOOD[: len(GOOD) // 2]), "only the beginning"),
        (Answer(b"<!DOCTYPE html><html><body>Sign in</body></html>"), "a web page"),
        (Answer(b"Some other words, no book at all.\n" * 40), "something other"),
        (Answer(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40), "something other"),
        (Answer(b""), "something other"),
        (Answer(b"Not here.", status=404), "has no such text (404)"),
        (Answer(b"Go away.", status=403), "answered with an error (403)"),
        (Answer(b"Broken.", status=500), "answered with an error (500)"),
        (Answer(GOOD, headers={"Content-Length": "many"}, length=-1), "cannot be understood"),
    ],
)
def test_a_bad_answer_is_one_sentence_and_nothing_is_kept(
    server: GutenbergServer, answer: Answer, reason: str
) -> None:
    server.serve(84, answer)
    message = refusal()
    assert "Frankenstein" in message and reason in message
    assert kept() == []
    assert not catalog.cached("frankenstein")


@pytest.mark.parametrize(
    "passing",
    [
        Answer(b"Busy.", status=500),
        Answer(b"Slow down.", status=429),
        Answer(GOOD, length=len(GOOD) + 1000),
    ],
)
def test_a_passing_failure_is_tried_again(server: GutenbergServer, passing: Answer) -> None:
    server.serve(84, passing, Answer(GOOD))
    assert catalog.fetch("frankenstein", retry_seconds=QUICK).text == BODY.rstrip("\n")
    assert server.count(84) == 2


def test_attempts_come_to_an_end(server: GutenbergServer) -> None:
    server.serve(84, Answer(b"Broken.", status=500))
    refusal()
    assert server.count(84) == 1 + len(QUICK)


def test_a_missing_text_is_not_asked_for_again(server: GutenbergServer) -> None:
    refusal()
    assert server.count(84) == 1


@pytest.mark.parametrize("slow", [Answer(GOOD, stall=True), Answer(GOOD, stall_within=True)])
def test_a_slow_server_is_given_up(server: GutenbergServer, slow: Answer) -> None:
    server.serve(84, slow)
    with pytest.raises(CharloomError, match=r"did not answer within 0\.1 seconds"):
        catalog.fetch("frankenstein", timeout=0.1, retry_seconds=())
    assert kept() == []


def test_a_download_without_end_is_cut_short(
    server: GutenbergServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "_MAX_BYTES", 2**14)
    server.serve(84, Answer(GOOD, length=-1))
    assert "more than any text" in refusal()
    assert kept() == []


def test_without_a_connection_the_available_texts_are_named(
    server: GutenbergServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.serve(11, Answer(GOOD))
    catalog.fetch("alice")
    monkeypatch.setenv(catalog.MIRROR_VARIABLE, f"http://127.0.0.1:{unused_port()}")
    message = refusal()
    assert "refused the connection" in message
    assert message.endswith("available are loom, pydoc, stdlib, alice.")


def test_a_host_that_is_not_found_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv(catalog.MIRROR_VARIABLE, "http://gutenberg.invalid")
    assert "gutenberg.invalid cannot be found" in refusal()


def test_downloading_writes_nothing_to_the_terminal(
    server: GutenbergServer, capfd: pytest.CaptureFixture[str]
) -> None:
    server.serve(84, Answer(b"Busy.", status=503), Answer(GOOD))
    catalog.fetch("frankenstein", retry_seconds=QUICK)
    assert capfd.readouterr() == ("", "")


def test_a_cache_that_cannot_be_made_is_one_sentence(server: GutenbergServer, home: Path) -> None:
    server.serve(84, Answer(GOOD))
    home.write_text("a file where the folder should be")
    assert "CHARLOOM_HOME" in refusal()


@pytest.mark.parametrize("name", ["loom", "pydoc", "stdlib"])
def test_some_texts_need_no_network(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(catalog.MIRROR_VARIABLE, f"http://127.0.0.1:{unused_port()}")
    assert catalog.cached(name)
    text = catalog.fetch(name)
    assert len(text.text) > 50_000
    assert text.title == catalog.find(name).title
    assert kept() == []


def test_this_pythons_texts_are_what_they_say() -> None:
    stdlib = catalog.fetch("stdlib").text
    assert inspect.getsource(string.Template).rstrip() in stdlib
    assert inspect.getsource(json.dumps) in stdlib  # json is a package
    assert stdlib.index(inspect.getsource(ast.dump)) < stdlib.index(
        inspect.getsource(weakref.finalize)
    )
    pydoc = catalog.fetch("pydoc").text
    assert unicodedata.normalize("NFC", topics["lambda"]) in pydoc


def test_slices_reach_known_texts(server: GutenbergServer) -> None:
    server.serve(84, Answer(GOOD))
    sliced = catalog.load_text("frankenstein", start="Chapter 1", end="1000")
    assert sliced.text == BODY[:1000]


def test_a_file_goes_before_a_known_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pydoc").write_text("My own words, and rather more than thirty of them.")
    assert catalog.load_text("pydoc").text.startswith("My own words")


def test_a_known_text_goes_before_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pydoc").mkdir()
    Path("drafts").mkdir()
    assert catalog.load_text("pydoc").source == "pydoc"
    with pytest.raises(CharloomError, match="no text in the folder"):
        catalog.load_text("drafts")


def test_a_dash_is_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "piped").write_text("Words that came through a pipe, as it were.\n")
    with (tmp_path / "piped").open() as piped:
        monkeypatch.setattr("sys.stdin", piped)
        assert catalog.load_text("-").text == "Words that came through a pipe, as it were.\n"


@pytest.mark.parametrize(
    ("wrong", "near"),
    [("frankenstien", "frankenstein"), ("Alice", "alice"), ("frankenstein.txt", "frankenstein")],
)
def test_a_misspelt_name_meets_the_near_one(wrong: str, near: str) -> None:
    with pytest.raises(UnknownTextError, match=rf"; did you mean '{near}'.*\?$"):
        catalog.load_text(wrong)


def test_a_misspelt_file_meets_the_near_one_in_its_folder(tmp_path: Path) -> None:
    (tmp_path / "My Book.txt").write_text("x")
    with pytest.raises(CharloomError, match=r"; did you mean 'My Book.txt'\?"):
        catalog.load_text(str(tmp_path / "my bok.txt"))


def test_a_tilde_that_no_shell_replaced_is_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USERPROFILE" if os.name == "nt" else "HOME", str(tmp_path))
    (tmp_path / "text").write_text("A text in the home folder of whoever runs this.")
    assert catalog.load_text("~/text").title == "text"


@pytest.mark.parametrize("wrong", ["", "zzz", "no/such/file.txt", "a\0b", "long" * 2000, "\udcff"])
def test_what_is_nothing_is_one_sentence(wrong: str) -> None:
    with pytest.raises(CharloomError, match=r"\.$") as caught:
        catalog.load_text(wrong)
    assert "\n" not in str(caught.value)


def test_a_known_text_read_again_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("A text of which one may be sure to find it again.")
    for text in ("pydoc", str(tmp_path / "text")):
        first = catalog.load_text(text)
        assert catalog.load_text(first.source) == first


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
