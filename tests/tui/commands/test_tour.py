from pathlib import Path

import pytest
from rich.cells import cell_len

from charloom.core.store.write import write_notes
from charloom.tui.services.preferences import Preferences, save
from charloom.tui.tour import lab_notes
from charloom.tui.tour.stages import STAGES
from tests.helpers.child_process import TEXT
from tests.helpers.factories import checkpoint_path, damage, random_checkpoint, save_model
from tests.helpers.run_cli import Result, call, child, needs_terminal
from tests.helpers.terminal import CHARLOOM, CTRL_Q, Terminal
from tests.tui.tour.test_tour import HOSTILE

pytestmark = pytest.mark.usefixtures("file")


@pytest.fixture
def file(tmp_path: Path) -> str:
    save_model("weaver", random_checkpoint(TEXT))
    path = tmp_path / "sea.txt"
    path.write_text(TEXT)
    return str(path)


def tour(*arguments: str) -> Result:
    return call("tour", "--model", "weaver", *arguments)


def test_all_ten_stages_are_written_with_their_questions_and_answers(file: str) -> None:
    stage = STAGES[4]
    mine = f"So that each has an answer.\n{HOSTILE}\n{'織' * 60}"
    notes = lab_notes.with_answer("", 5, stage.title, stage.question, mine)
    write_notes("weaver", notes)
    save(Preferences(temperature=0.6, top_k=4))
    done = tour("--corpus", file, "--plain")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert max(map(cell_len, lines)) <= 80
    for stage in STAGES:
        assert f"{stage.number} · {stage.title}" in lines
        assert f"In the code: {stage.code}" in lines
    whole = " ".join(done.out.split())
    for stage in STAGES:
        for text in (stage.why, stage.without, stage.question, stage.summary):
            assert " ".join(text.split()) in whole
    assert "torch's cross_entropy of the batch: " in whole
    assert "temperature 0.6" in whole and "and top-k 4" in whole
    assert "  So that each has an answer." in lines
    assert not any(c in done.out for c in "\x1b\x07\x9b\x7f\u202e\x00\r")
    assert whole.count("Check yourself: ") == 10


def test_an_error_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "wide.txt").write_text("織り機が動く" * 100)
    done = tour("--corpus", str(tmp_path / "wide.txt"), "--plain")
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert "Choose a longer text, or one in its language" in done.err
    assert "no catalog text called 'missing'" in tour("--corpus", "missing", "--plain").err
    damage(checkpoint_path("weaver"))
    done = tour("--plain")
    assert done.code == 1 and "weights are damaged" in done.err


def test_without_a_terminal_the_error_names_plain() -> None:
    done = child("tour", "--model", "weaver")
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "charloom: The app needs a terminal; `charloom tour --plain` writes text without one.\n"
    )


@needs_terminal
def test_on_a_terminal_it_opens_in_the_app(file: str, home: Path) -> None:
    command = (*CHARLOOM, "tour", "--model", "weaver", "--corpus", file)
    with Terminal(command, home=home) as terminal:
        terminal.wait_for("weaver@100 · sea")
        terminal.wait_for("It begins:")
        terminal.press(CTRL_Q)
        assert terminal.end() == 0


def test_a_text_may_be_piped_in() -> None:
    done = call("tour", "--model", "weaver", "--plain", stdin=TEXT.encode())
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Ten stages from text to text: weaver@100 and 'standard input'\n")
