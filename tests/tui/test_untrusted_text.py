"""With hostile texts everywhere, no screen of the real app lets any of them act.

Each text has a word of its own, which the test looks for on the screen: a text that was never shown
has not been tested.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from charloom.core.library.database import Library
from charloom.core.model.metadata import CorpusInfo
from charloom.core.runs.events import RunWarning
from charloom.core.sanitize import sanitize
from charloom.core.store.model_dir import ModelDir
from charloom.tui.services import preferences
from charloom.tui.services.preferences import Preferences
from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.generations import generation
from tests.helpers.run_cli import needs_terminal
from tests.helpers.terminal import (
    CTRL_O,
    CTRL_P,
    CTRL_Q,
    DOWN,
    END,
    ENTER,
    ESCAPE,
    F1,
    F3,
    F4,
    F5,
    F6,
    READY,
    RIGHT,
    Terminal,
)
from tests.tui.helpers.run_folders import course, end, write_run

pytestmark = needs_terminal
ACTS = "\x1b]0;taken\x07\x9b31m\x7f\u202e[red]\x1b[2J"
# Textual itself writes only these: CSI and private modes, and the shape of the pointer (OSC 22).
HOSTILE = re.compile(r"\x1b\](?!22;)|[\x7f-\x9f\u202a-\u202e\ud800-\udfff]|taken\x07")


def hostile(word: str) -> str:
    return f"{word}{ACTS}{word}"


def pasted(text: str) -> str:
    """Return what a terminal sends when ``text`` is pasted: everything but ESC."""
    return f"\x1b[200~{text.replace(ESCAPE, '')}\x1b[201~"


@pytest.fixture(autouse=True)
def material(home: Path) -> None:
    """Put hostile texts everywhere a text can be."""
    card = CorpusInfo(hostile("title"), "0" * 64, 1_000, hostile("opening"))
    known = "".join(sorted({*hostile("opening"), *"\n abcdefghijklmnopqrstuvwxyz"}))
    model = random_checkpoint(known, corpus=card, note=hostile("remark"))
    save_model("wild", model)
    ModelDir.named("wild").notes.write_text(hostile("notes"))
    told = (*course(sample=hostile("sample")), RunWarning(hostile("warning")))
    write_run("sea", *told, end("failed", hostile("failure")), title=hostile("corpus"))
    with Library() as library:
        library.add(
            generation(
                hostile("text"),
                prompt=hostile("prompt"),
                model=hostile("writer"),
                note=hostile("opinion"),
                tags=("[red]tag[/red]",),
                stop=(hostile("stop"),),
                starred=True,
            )
        )
    recent = home.parent / f"{hostile('recent')}.txt"
    recent.write_text(hostile("content") + " and more of it" * 200)
    preferences.save(
        Preferences(
            model="wild",
            length=400,
            pace=0,
            stop=(hostile("until"),),
            recent_texts=(str(recent),),
            welcomed=True,
        )
    )


@pytest.fixture
def terminal(home: Path) -> Iterator[Terminal]:
    with Terminal(home=home, size=(140, 44)) as opened:
        opened.wait_for(READY)
        yield opened


def test_no_screen_lets_a_text_act(terminal: Terminal) -> None:
    shown = sanitize(ACTS)

    def go(keys: str, *words: str) -> None:
        """Press keys, and wait for each of ``words``."""
        terminal.press(keys)
        for each in words:
            terminal.wait_for(each)

    def back(words: str) -> None:
        """Leave the only screen that has these words."""
        terminal.press(ESCAPE)
        terminal.wait(lambda: words not in terminal.text)

    go(pasted(hostile("typed")), f"typed{shown}".replace("␛", ""), f"until{shown}"[:12])
    go(ENTER, "F8 delete", "again")
    go(CTRL_O, "part of a name")
    back("part of a name")

    go(F3, f"sample{shown}sample", f"failure{shown}", f"warning{shown}")
    go("l", "back")
    back("back")
    go("d", "with all its checkpoints?")
    back("with all its checkpoints?")
    go("a", "Known texts")
    go(RIGHT, "recent␛")  # among the files of the folder
    go(DOWN + DOWN + ENTER, "Control and format characters")
    go(F1, "Keys on this screen")
    back("Keys on this screen")
    back("Known texts")

    go(F4, "writer␛", "[red]tag[/red]")
    go(DOWN, f"text{shown}text", f"opinion{shown}")
    go("e", "Cancel")
    back("Cancel")
    go("m", "title␛")
    go(3 * DOWN, f"title{shown}title")
    go("e", f"notes{shown}", "Cancel")
    back("Cancel")

    go(F6, "title␛", "Load text")
    go("a", "Cancel")
    go(pasted(hostile("answer")), "answer")
    go("\x13" + END, f"answer{shown}".replace("␛", ""))
    go("e", f"notes{shown}", "Cancel")
    back("Cancel")

    go(F5, "Getting started", f"until{shown}"[:12])
    go(CTRL_P, "Find actions")
    go(pasted(hostile("sought")) + "them", "Choose a theme")
    back("Choose a theme")

    terminal.press(CTRL_Q)
    assert terminal.end() == 0
    written = terminal.raw.decode(errors="surrogateescape")
    assert [written[max(0, m.start() - 40) : m.end() + 9] for m in HOSTILE.finditer(written)] == []
