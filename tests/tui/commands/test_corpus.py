import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from charloom.core import paths
from charloom.core.data import catalog, corpus
from charloom.core.runs.estimates import cache_throughput, training_seconds
from charloom.core.runs.presets import PRESETS
from tests.helpers.gutenberg_server import Answer, GutenbergServer, gutenberg_file, running
from tests.helpers.marks import needs_posix
from tests.helpers.run_cli import Result, call, needs_terminal, on_terminal, started

BOOK = "Call me Ishmael.\n\n" + "It is a damp, drizzly November in my soul.\n" * 600
TEXT = "The quick brown fox.\n" * 2_000 + "Ω"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[GutenbergServer]:
    monkeypatch.setenv("NO_PROXY", "*")
    with running() as server:
        server.serve(2701, Answer(gutenberg_file(BOOK, 2701)))
        monkeypatch.setenv(catalog.MIRROR_VARIABLE, server.address)
        yield server


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "fox.txt"
    path.write_bytes(TEXT.encode())
    return path


@pytest.fixture
def timed() -> dict[str, float]:
    """Cached speeds, as if this machine had been timed before."""
    speed = {"notebook": 90_000.0, "small": 40_000.0, "medium": 5_000.0, "large": 100.0}
    cache_throughput(speed)
    return speed


def texts(*arguments: str, stdin: bytes = b"") -> Result:
    return call("corpus", *arguments, stdin=stdin)


def offline() -> set[str]:
    return {entry["name"] for entry in json.loads(texts("--json").out) if entry["offline"]}


def test_the_list_has_every_known_text() -> None:
    head, *rows = texts().out.splitlines()
    assert head.split() == ["name", "offline", "title", "author", "language", "kind"]
    assert [row.split()[0] for row in rows] == [entry.name for entry in catalog.ENTRIES]
    assert " ".join(rows[0].split()) == "loom yes The Loom at Carrow Charloom English tale"
    assert " ".join(rows[-1].split()) == "kalevala Kalevala Elias Lönnrot Finnish verse"
    columns = [row.index("English") for row in rows if "English" in row]
    assert set(columns) == {head.index("language")}


def test_the_list_marks_texts_that_need_no_network(server: GutenbergServer) -> None:
    assert offline() == {"loom", "pydoc", "stdlib"}
    assert texts("get", "moby-dick").code == 0
    assert offline() == {"loom", "pydoc", "stdlib", "moby-dick"}
    assert server.count(2701) == 1


def test_a_text_is_downloaded_once_and_written_to_a_file_on_request(
    server: GutenbergServer, tmp_path: Path
) -> None:
    target = tmp_path / "whale.txt"
    for _ in range(2):
        done = texts("get", "moby-dick", "--output", str(target), "--force")
        assert (done.code, done.out) == (0, "")
        assert "'moby-dick' is available (25,817 characters)." in done.err
    assert target.read_text("utf-8") == BOOK.rstrip("\n")
    assert server.count(2701) == 1


def test_a_downloaded_text_replaces_a_file_only_with_force(tmp_path: Path) -> None:
    target = tmp_path / "mine.txt"
    target.write_text("mine")
    done = texts("get", "loom", "--output", str(target))
    assert (done.code, target.read_text()) == (1, "mine")


@needs_terminal
@pytest.mark.usefixtures("server")
def test_on_a_terminal_a_download_shows_its_progress() -> None:
    shown = on_terminal("corpus", "get", "moby-dick").out
    size = len(gutenberg_file(BOOK, 2701))
    assert f"\rDownloading: {size:,} of {size:,} bytes\n'moby-dick' is available" in shown


def test_a_failed_download_is_a_one_line_error(server: GutenbergServer) -> None:
    done = texts("get", "alice", "--mirror", server.address)
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "has no such text (404); available are loom" in done.err


def test_a_text_is_shown_as_it_would_be_trained_on(tmp_path: Path) -> None:
    path = tmp_path / "dos.txt"
    path.write_bytes(gutenberg_file("One.\n\nTwo.\n\nThree.\n"))
    assert texts("show", str(path)).out == "One.\n\nTwo.\n\nThree."
    part = texts("show", str(path), "--start", "Two", "--end", "Three")
    assert part.out == "Two.\n\n"
    assert "Took the 6 characters" in part.err
    assert texts("show", str(path), "--no-trim").out.startswith("The Project Gutenberg")
    assert texts("show", "-", stdin=b"from a pipe \x1b[1m").out == "from a pipe \x1b[1m"


@needs_terminal
def test_a_text_cannot_control_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "evil.txt"
    path.write_bytes(b"harmless \x1b]0;title\x07 words, as many as it takes")
    assert on_terminal("corpus", "show", str(path)).out == (
        "harmless ␛]0;title␇ words, as many as it takes"
    )


def test_a_check_reports_statistics(file: Path, timed: dict[str, float]) -> None:
    record = json.loads(texts("check", str(file), "--json").out)
    assert (record["characters"], record["utf8_bytes"]) == (42_001, 42_002)
    assert (record["lines"], record["longest_line"], record["distinct"]) == (2_001, 20, 19)
    assert (record["encoding"], record["guessed"], record["non_text"]) == ("utf-8", False, 0.0)
    assert record["rare"] == [["Ω", 1]]
    assert record["sha256"] == corpus.load(file).sha256
    assert [issue["summary"] for issue in record["issues"]] == ["Seen fewer than 4 times: 'Ω' ×1."]
    assert "--fold 4 maps them all to one" in record["issues"][0]["advice"]
    assert set(timed) < set(record["training_seconds"])


def test_a_check_estimates_how_long_each_preset_would_train(
    file: Path, timed: dict[str, float]
) -> None:
    record = json.loads(texts("check", str(file), "--json").out)["training_seconds"]
    for name, speed in timed.items():
        training = PRESETS[name].configs(19, {})[1]
        assert record[name] == pytest.approx(training_seconds(42_001, training, speed))
    assert record["auto"] == 180


def test_a_preset_that_could_not_be_timed_has_no_estimate(file: Path) -> None:
    speed = {"notebook": 90_000.0, "small": 0.0, "medium": float("nan")}
    cache_throughput(speed)
    record = json.loads(texts("check", str(file), "--json").out)["training_seconds"]
    assert set(record) == {"auto", "notebook"}


@pytest.mark.usefixtures("timed")
def test_a_check_is_printed_for_reading(file: Path) -> None:
    shown = texts("check", str(file)).out
    assert "characters  42,001 (42,002 bytes as UTF-8)\n" in shown
    assert "distinct    19, of which 1 rare\n" in shown
    assert "\n- Seen fewer than 4 times: 'Ω' ×1.\n  Each gets its own vocabulary" in shown
    rows = [line.split()[:3] for line in shown.splitlines()]
    assert ["auto", "3", "min"] in rows
    assert ["notebook", "20", "s"] in rows
    assert rows[-1][:3] == ["large", "2.0", "h"]


def test_a_text_too_short_to_train_on_is_checked_without_estimates() -> None:
    record = json.loads(texts("check", "-", "--json", stdin=b"good").out)
    assert (record["characters"], record["training_seconds"]) == (4, {})
    assert "preset" not in texts("check", "-", stdin=b"good").out


@pytest.mark.usefixtures("timed")
def test_a_check_reports_what_was_adjusted(tmp_path: Path) -> None:
    path = tmp_path / "dos.txt"
    path.write_bytes(TEXT.replace("\n", "\r\n").encode("utf-16"))
    done = texts("check", str(path))
    assert "Turned 2,000 CRLF or CR line ends into LF." in done.err
    assert "encoding    utf-16-le\n" in done.out


@pytest.mark.parametrize("command", ["get", "show", "check"])
def test_an_unknown_text_is_a_one_line_error(command: str) -> None:
    done = texts(command, "frankenstien")
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert "did you mean 'frankenstein'" in done.err


def test_several_files_and_folders_are_one_text(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("b/10.txt", "b/9.txt", "a.txt"):
        (tmp_path / name).write_text(f"The words of {name}.\n")
    paths = [str(tmp_path / name) for name in ("b", "a.txt")]
    done = texts("show", *paths, "--separator", r"\n--\t")
    assert (
        done.out == "The words of a.txt.\n--\tThe words of b/9.txt.\n--\tThe words of b/10.txt.\n"
    )
    assert (
        done.err
        == r"Joined 3 files by name with '\n--\t' between them: a.txt, 9.txt, 10.txt." + "\n"
    )
    shuffled = texts("show", *paths, "--shuffle-files", "4")
    assert "3 files shuffled" in shuffled.err and shuffled.out != done.out


@pytest.mark.parametrize("option", ["--column", "--field"])
def test_the_column_of_a_table_is_chosen(tmp_path: Path, option: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text("name,text\nAnn,Hello there\nBob,Good bye\n")
    asked = texts("show", str(path))
    assert (asked.code, asked.out) == (1, "") and "--column must be given for" in asked.err
    assert "'name', 'text'" in asked.err
    assert texts("show", str(path), option, "text").out == "Hello there\nGood bye\n"
    piped = texts("show", "-", option, "text", stdin=path.read_bytes())
    assert piped.out == "Hello there\nGood bye\n"


@pytest.mark.usefixtures("timed")
def test_a_list_is_shuffled_unless_declined(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    names = [f"{a}{b}" for a in ("Anna", "Bela", "Caro", "Dora") for b in "abcdefghijklmnopqrstuv"]
    path.write_text("\n".join(names))
    done = texts("show", str(path))
    assert "Shuffled the 88 lines" in done.err
    assert done.out.split() != names == sorted(done.out.split())
    assert texts("show", str(path), "--no-shuffle-lines").out.split() == names
    plain = json.loads(texts("check", str(path), "--no-shuffle-lines", "--json").out)
    assert [i["advice"] for i in plain["issues"] if "--shuffle-lines" in i["advice"]]
    checked = json.loads(texts("check", str(path), "--json").out)
    assert not [i for i in checked["issues"] if "--shuffle-lines" in i["advice"]]


@pytest.mark.usefixtures("timed")
def test_the_times_of_a_chat_are_noticed_and_removed(tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    names = ["Ada", "Ada", "Bram"] * 20
    lines = [f"[12/03/24, 09:{n:02}] {name}: at 9:30 {n}\n" for n, name in enumerate(names)]
    path.write_text("".join(lines))
    check = texts("check", str(path)).out
    assert "100% of the lines begin with a time." in check and "--strip-timestamps" in check
    done = texts("show", str(path), "--strip-timestamps")
    assert done.out.splitlines()[1] == "Ada: at 9:30 1"
    assert "Removed the times from 60 lines." in done.err
    assert "begin with a time" not in texts("check", str(path), "--strip-timestamps").out


@needs_posix("signals")
def test_ctrl_c_while_a_long_text_is_read_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("The quick brown fox.\n" * 2_000_000)
    with started("corpus", "check", str(path)) as process:
        hidden: list[Path] = []
        while process.poll() is None and not any(file.stat().st_size for file in hidden):
            time.sleep(0.005)
            hidden = list(paths.models_dir().glob(".*"))
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert hidden and process.returncode == 130
    assert list(paths.models_dir().iterdir()) == []
