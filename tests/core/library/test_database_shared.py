"""The library between processes: what they do to it at the same time, or before they die."""

import sqlite3
import subprocess
import sys
from pathlib import Path

from charloom.core.library.database import _ADVICE, Library
from tests.core.library.test_database_file import check_integrity
from tests.helpers.generations import generation
from tests.helpers.marks import needs_posix

ROOT = Path(__file__).parents[3]


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    prelude = (
        "import sys; from pathlib import Path; from charloom.core.errors import CharloomError\n"
    )
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", prelude + code, *map(str, arguments)],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def let_go(children: list[subprocess.Popen[str]]) -> None:
    """Let all go on at the same moment once they are ready, and see that they end well."""
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    assert {(child.communicate()[0], child.returncode) for child in children} == {("", 0)}


ADD_FIFTY = """
from charloom.core.library.database import Library
from charloom.core.sampling.config import SamplingChange
from tests.helpers.generations import generation
print("ready", flush=True)
sys.stdin.readline()
for number in range(50):
    if number % 10 == 0:  # opening, too, must stand the rush
        library = Library(Path(sys.argv[1]))
    added = library.add(generation(f"{sys.argv[2]} {number}"))
    library.star(added.id)
    assert library.get(added.id).starred and library.search(sys.argv[2], limit=1)
    if number % 10 == 9:
        library.close()
"""


def test_two_processes_share_a_library_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    let_go([start(ADD_FIFTY, path, name) for name in ("warp", "weft")])
    with Library(path) as library:
        expected = {f"{name} {number}" for name in ("warp", "weft") for number in range(50)}
        assert {each.text for each in library.recent(-1, starred_only=True)} == expected
        assert library.count() == 100
    check_integrity(path)


GO_ON = """
from dataclasses import replace
from charloom.core.library.database import Library
with Library(Path(sys.argv[1])) as library:
    written = library.get(1)
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(1, 101):
        if sys.argv[2] == "written":
            written = replace(written, text="x" * number, length=number)
            library.update(written)
        else:
            library.star(1)
            library.tag(1, [f"tag {number}"])
            library.annotate(1, f"note {number}")
"""


def test_a_text_goes_on_in_one_process_while_another_marks_it(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    with Library(path) as library:
        library.add(generation(""))
        let_go([start(GO_ON, path, what) for what in ("written", "marked")])
        (kept,) = library.recent()
    assert (kept.text, kept.length) == ("x" * 100, 100)
    assert (kept.starred, len(kept.tags), kept.note) == (True, 100, "note 100")
    check_integrity(path)


def test_only_what_another_has_written_is_news(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    code = """
from charloom.core.library.database import Library
with Library(Path(sys.argv[1])) as library:
    library.annotate(1, "seen") if sys.argv[2] == "write" else library.recent()
"""
    with Library(path) as library:
        first = library.data_version()
        library.add(generation())
        assert library.data_version() == first
        for what in ("read", "write"):
            assert start(code, path, what).communicate()[0] == ""
            assert (library.data_version() == first) is (what == "read")
        second = library.data_version()
        with Library(path) as other:
            other.remove(1)
        assert library.data_version() not in (first, second)


def test_a_process_killed_in_the_middle_of_a_write_loses_only_that_write(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    code = """
from charloom.core.library.database import Library
from charloom.core.sampling.config import SamplingChange
from tests.helpers.generations import generation
library = Library(Path(sys.argv[1]))
library.add(generation("kept"))
library._sqlite.execute("BEGIN IMMEDIATE")
library._sqlite.execute("UPDATE generations SET text = 'half done'")
print("ready", flush=True)
sys.stdin.readline()
"""
    child = start(code, path)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    with Library(path) as library:
        assert [each.text for each in library.recent()] == ["kept"]  # a reader does not wait
        child.kill()
        child.communicate()
        library.add(generation("after"))
        assert [each.text for each in library.recent()] == ["after", "kept"]
    check_integrity(path)


@needs_posix("limits on files and memory")
def test_a_full_disk_is_told_in_a_sentence_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    code = """
import resource
from charloom.core.library.database import Library
from charloom.core.sampling.config import SamplingChange
from tests.helpers.generations import generation
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))  # the system refuses to write more
with Library(Path(sys.argv[1])) as library:
    for number in range(1, 100):
        try:
            library.add(generation("x" * 10_000))
        except CharloomError as error:
            print(library.count() == number - 1, error)
            break
"""
    output, _ = (child := start(code, path)).communicate()
    assert child.returncode == 0, output
    counted, sentence = output.strip().split(" ", 1)
    assert counted == "True"
    assert sentence == f"The library {str(path)!r} " + _ADVICE[sqlite3.SQLITE_IOERR] + "."
    with Library(path) as library:
        assert library.count() > 5
        library.add(generation("there is room again"))
    check_integrity(path)
