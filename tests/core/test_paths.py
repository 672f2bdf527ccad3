# ruff: noqa: RUF001 - similar characters are the subject

import os
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom.core import files, paths
from charloom.core.errors import CharloomError
from charloom.core.files import make_folder, write_atomically
from tests.helpers.marks import needs_posix

posix = needs_posix("such modes and limits")


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def test_everything_is_kept_under_the_home_that_is_set(home: Path) -> None:
    assert paths.home() == home
    for place in (paths.models_dir(), paths.downloads_dir(), paths.library_file()):
        assert place.parent == home


@pytest.mark.parametrize("unset", [None, ""])
def test_without_one_the_home_is_the_systems_place_for_data(
    unset: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CHARLOOM_HOME")
    if unset is not None:
        monkeypatch.setenv("CHARLOOM_HOME", unset)
    assert paths.home().name == "charloom"
    assert paths.home().is_absolute()


def test_a_tilde_that_no_shell_replaced_is_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USERPROFILE" if os.name == "nt" else "HOME", str(tmp_path))
    monkeypatch.setenv("CHARLOOM_HOME", "~/looms")
    assert paths.home() == tmp_path / "looms"
    assert paths.expand_user("~no such user/x") == Path("~no such user/x")  # may be a file
    monkeypatch.setenv("CHARLOOM_HOME", "~no such user/x")
    with pytest.raises(CharloomError, match="'~no such user/x', but there is no such user"):
        paths.home()


@posix
def test_folders_are_for_their_owner_only_for_any_umask(tmp_path: Path, open_umask: None) -> None:
    made = make_folder(tmp_path / "a" / "b" / "c")
    assert [mode(each) for each in (made, made.parent, made.parent.parent)] == [0o700] * 3


@posix
def test_a_folder_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir(mode=0o755)
    (tmp_path / "shared").chmod(0o755)
    make_folder(tmp_path / "shared" / "mine")
    assert mode(tmp_path / "shared") == 0o755


@pytest.mark.parametrize("place", ["file", "file/below", "x" * 300])
def test_a_folder_that_cannot_be_created_is_an_error_with_advice(
    tmp_path: Path, place: str
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CharloomError, match=r"set CHARLOOM_HOME .*\.$"):
        make_folder(tmp_path / place)


@pytest.mark.parametrize(
    "name", ["creature", "a", "The Creature 2", "v1.5_b-c", "Ωμέγα", "怪物", "é", "x" * 64, "_"]
)
def test_a_name_like_these_is_taken_as_it_is(name: str) -> None:
    assert paths.check_name(name) == name


WORDS = [
    "हिन्दी",
    "क्‍ष",
    "தமிழ்",
    "বাংলা",
    "র\u200d্য",
    "മലയാളം",
    "അവന്\u200d",
    "ශ්\u200dරී",
    "ภาษาไทยที่",
    "ພາສາລາວ",
    "မြန်မာဘာသာ",
    "ភាសាខ្មែរ",
    "བོད་ཡིག",
    "בְּרֵאשִׁית",
    "السَّلَامُ",
    "می\u200cخواهم",
    "한국어",
    "カバー",
    "q\u0323",
]


@pytest.mark.parametrize("word", WORDS)
def test_letters_keep_their_marks_and_joiners_in_names(word: str) -> None:
    composed = unicodedata.normalize("NFC", word)
    decomposed = unicodedata.normalize("NFD", word)
    for name in (composed, f"{composed} 2", f"{composed}-{composed}"):
        assert paths.check_name(name) == name
    assert paths.check_name(decomposed) == composed
    assert paths.replace_invalid(f"«{decomposed}!»", " ").split() == [composed]


@pytest.mark.parametrize("word", WORDS)
def test_a_shortened_name_ends_with_a_whole_letter(word: str) -> None:
    long = paths.check_name(word) * 20
    for limit in range(1, 40):
        short = paths.shorten_name(long, limit)
        assert long.startswith(short) and len(short) <= limit
        after = long[len(short)]
        assert not unicodedata.category(after).startswith("M") or not short
        assert short[-1:] not in ("\u200c", "\u200d") and after not in "\u200c\u200d"


def test_names_and_what_is_made_of_them_fit_in_255_bytes(tmp_path: Path) -> None:
    wide = "\U00020000"  # a Han letter of four bytes
    assert paths.check_name(wide * 60) == wide * 60
    with pytest.raises(CharloomError, match="longer than 240 bytes"):
        paths.check_name(wide * 61)
    assert paths.shorten_name(wide * 64) == wide * 60
    assert paths.check_name("山" * 64) == "山" * 64
    write_atomically(tmp_path / (wide * 60), b"")


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "is empty"),
        ("x" * 65, "longer than 64"),
        ("e\u0301" * 200, "longer than 64"),
        ("\u0301e", "a character other than"),
        ("a \u0301", "a character other than"),
        ("a\u200db", "a character other than"),  # not seen in these letters
        ("म\u200d\u200dन", "a character other than"),
        ("\u200dम", "a character other than"),
        ("a\ufe0f", "a character other than"),
        ("1\ufe0f\u20e3", "a character other than"),
        ("\u0f0b", "a character other than"),
        *((name, "a character other than") for name in ("a/b", "a\\b", "a\0", "a\n", "a\tb", "*")),
        *((name, "a character other than") for name in ("a@1", "a:b", "\u202ea", "\ud800", "~")),
        *((name, "a character other than") for name in ("\u3164", "creature\u1160", "\u200b")),
        *((name, "starts or ends with") for name in (".", "..", ".a", "-a", " a", "a ", "a.")),
        *((name, "reserved") for name in ("CON", "nul", "Aux.txt", "com1", "LPT9.tar.gz")),
        *((name, "reserved") for name in ("COM¹", "lpt³.txt", "con .txt")),
    ],
)
def test_a_name_that_could_do_harm_is_refused_in_a_sentence(name: str, fault: str) -> None:
    with pytest.raises(CharloomError) as refusal:
        paths.check_name(name)
    sentence = str(refusal.value)
    assert fault in sentence and sentence.endswith(".") and sentence.isprintable()
    assert len(sentence) < 300


@given(name=st.text(max_size=80))
def test_a_name_that_passes_is_one_step_down_and_can_be_made(
    name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / "names"
    try:
        place = folder / paths.check_name(name)
    except CharloomError:
        return
    assert place.parent == folder and place.name == unicodedata.normalize("NFC", name)
    place.mkdir(parents=True, exist_ok=True)
    place.rmdir()


@posix
def test_a_written_file_is_whole_and_for_its_owner_alone(tmp_path: Path, open_umask: None) -> None:
    path = tmp_path / "run.json"
    for data in (b"old", b"", bytes(range(256)) * 1_000):
        write_atomically(path, data)
        assert path.read_bytes() == data
        assert mode(path) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["run.json"]


def test_replacing_waits_for_those_that_have_the_target_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = tmp_path / "new", tmp_path / "run.json"
    source.write_text("new")
    refusals, replace = [PermissionError("open elsewhere")] * 3, Path.replace

    def refused_at_first(path: Path, other: Path) -> Path:  # as Windows does
        if refusals:
            raise refusals.pop()
        return replace(path, other)

    monkeypatch.setattr(Path, "replace", refused_at_first)
    files._replace(source, target)
    assert target.read_text() == "new" and not source.exists()
    refusals += [PermissionError("open elsewhere")] * 1_000
    monkeypatch.setattr(files, "_REPLACE_SECONDS", 0.05)
    with pytest.raises(PermissionError):
        files._replace(target, source)


def test_a_file_that_cannot_take_its_place_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "target" / "in it").mkdir(parents=True)
    with pytest.raises(OSError, match="target"):
        write_atomically(tmp_path / "target", b"new")
    assert [each.name for each in tmp_path.iterdir()] == ["target"]
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "nowhere" / "file", b"new")


@posix
def test_a_write_that_fails_halfway_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    path.write_bytes(b"old")
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from charloom.core.files import write_atomically\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))\n"
        "try:\n"
        "    write_atomically(Path(sys.argv[1]), b'x' * 100_000)\n"
        "except OSError as error:\n"
        "    sys.exit(error.errno)\n"
    )
    child = subprocess.run([sys.executable, "-P", "-c", code, path], check=False)
    assert os.strerror(child.returncode) == "File too large"
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["checkpoint"]
