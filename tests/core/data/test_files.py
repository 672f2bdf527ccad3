"""Several files and folders as one text."""

from pathlib import Path

import pytest

from charloom.core.data import catalog
from charloom.core.data.corpus import load
from charloom.core.data.readers import files
from charloom.core.errors import CharloomError
from charloom.core.wording import natural_order
from tests.helpers.documents import zip_of

WORDS = "No sooner had the wind fallen than we saw the ice.\n"


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A folder with chapters, an image, and hidden files."""
    folder = tmp_path / "The Book"
    (folder / "more").mkdir(parents=True)
    (folder / ".git").mkdir()
    for name in ("ch10.txt", "Ch9.md", "more/x", ".hidden", ".git/config"):
        (folder / name).write_text(f"{name}: {WORDS}\n")
    (folder / "empty.txt").touch()
    (folder / "map.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    return folder


def test_a_folder_is_one_text_in_the_order_of_names(book: Path) -> None:
    found = load(book)
    parts = [f"{name}: {WORDS}" for name in ("Ch9.md", "ch10.txt", "more/x")]
    assert found.text == "\n\n".join(parts) + "\n"
    assert (found.title, found.source) == ("The Book", f"{book} (3 files)")
    assert found.notes == (
        "Joined 3 files by name with two blank lines between them: Ch9.md, ch10.txt, x.",
        "Skipped 1 file without text: map.png.",
    )


def test_a_file_that_was_named_is_not_skipped(book: Path) -> None:
    with pytest.raises(CharloomError, match="is an image"):
        load(book / "ch10.txt", book / "map.png")


def test_files_and_folders_are_joined_each_once(book: Path) -> None:
    found = load(book / "more", book / "ch10.txt", book / "more/x", separator="<|>\n")
    assert found.text == f"ch10.txt: {WORDS.strip()}<|>\nmore/x: {WORDS}\n"
    assert found.title == "ch10 and 1 more"
    assert found.source == f"{book / 'ch10.txt'}, {book / 'more/x'}"


def test_each_file_has_its_own_encoding_and_its_own_frame(tmp_path: Path) -> None:
    russian = "Счастливые семьи похожи друг на друга, каждая несчастливая по-своему.\r\n" * 5
    frame = "*** START OF THE PROJECT GUTENBERG EBOOK X ***\n{}\n*** END OF THE PROJECT GUTENBERG\n"
    (tmp_path / "a.txt").write_bytes(russian.encode("koi8-r"))
    (tmp_path / "b.txt").write_text(frame.format(WORDS))
    (tmp_path / "c.txt").write_text(WORDS)
    found = load(tmp_path)
    assert found.text == russian.replace("\r", "").strip() + f"\n\n\n{WORDS.strip()}" * 2 + "\n"
    assert (found.encoding, found.guessed) == ("koi8-r, utf-8", True)


def test_shuffled_files_keep_their_order_for_a_seed(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"{number}.txt").write_text(f"{number} {WORDS}")
    by_name = load(tmp_path).text
    first, again, other = (load(tmp_path, shuffle_files=seed).text for seed in (1, 1, 2))
    assert first == again != other != by_name != first
    assert sorted(first.split()) == sorted(by_name.split())
    assert "12 files shuffled" in load(tmp_path, shuffle_files=1).notes[0]


def test_the_files_in_an_archive_are_shuffled_too(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    path.write_bytes(zip_of({f"{number}.txt": f"{number} {WORDS}" for number in range(9)}))
    orders = {load(path, shuffle_files=seed).text.replace(WORDS, "") for seed in range(4)}
    assert len(orders) > 2 and "9 files shuffled" in load(path, shuffle_files=0).notes[0]


def test_too_many_files_are_one_sentence(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_FILES", 3)
    with pytest.raises(CharloomError, match="over 3 files"):
        load(book)


def test_texts_of_the_catalog_are_joined_with_files(book: Path) -> None:
    found = catalog.load_text("loom", str(book / "ch10.txt"))
    tale = catalog.fetch("loom").text
    assert found.text == f"ch10.txt: {WORDS.strip()}\n\n\n{tale}"
    with pytest.raises(CharloomError, match="loom"):
        catalog.load_text("loom", "loon")


def test_numbers_in_names_are_in_natural_order() -> None:
    names = ["A1", "a2", "a02b", "a10", "a10 b", "b", "ä1", "1", "02", "10", "9" * 5_000]
    ordered = ["1", "02", "10", "9" * 5_000, "A1", "a2", "a02b", "a10", "a10 b", "b", "ä1"]
    assert sorted(names, key=natural_order) == ordered
