import json

import pytest

from charloom.core.data.dialogue import PLAIN, Dialogue, DialogueForm
from charloom.core.library.database import Library
from charloom.core.library.generation import Generation
from charloom.core.library.replay import replay
from charloom.core.model import checkpoint
from charloom.core.model.metadata import CorpusInfo
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.completion import generate
from charloom.core.sampling.config import SamplingConfig
from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.run_cli import Result, call, child, needs_terminal, on_terminal

VOCAB = "Adan: Brim?.\nthe sea"
CHAT = Dialogue(DialogueForm.NAME, ("Ada", "Bram"), "\n", ("\n",))
SETTINGS = SamplingConfig(1.0)


def save(dialogue: Dialogue) -> NumpyLSTM:
    corpus = CorpusInfo("chat", "0" * 64, 1_000, "Ada: ", dialogue)
    path = save_model("friends", random_checkpoint(VOCAB, corpus=corpus))
    return NumpyLSTM(checkpoint.load(path).checkpoint)


@pytest.fixture(autouse=True)
def network() -> NumpyLSTM:
    return save(CHAT)


def chat(*arguments: str, lines: str = "the sea\nAda?\n") -> Result:
    options = ("--temperature", "1", "--seed", "5", "--length", "40", *arguments)
    return call("chat", "friends", *options, stdin=lines.encode())


def stored() -> list[Generation]:
    with Library() as library:
        return library.recent()[::-1]


def test_each_line_gets_one_reply_that_reads_all_that_was_said(network: NumpyLSTM) -> None:
    first_prompt = "Bram: the sea\nAda: "
    first = generate(network, first_prompt, 40, SETTINGS, 5, "\n")
    context = f"{first_prompt}{first}\n"
    second = generate(network, f"{context}Bram: Ada?\nAda: ", 40, SETTINGS, 6, "\n")
    assert chat() == Result(0, f"{first}\n{second}\n", "")


def test_in_a_pipe_too(network: NumpyLSTM) -> None:
    reply = generate(network, "Bram: the sea\nAda: ", 40, SETTINGS, 5, "\n")
    options = ("--temperature", "1", "--seed", "5", "--length", "40")
    assert child("chat", "friends", *options, stdin=b"the sea").out == reply + "\n"


def test_the_names_can_be_chosen(network: NumpyLSTM) -> None:
    reply = generate(network, "Ada: the sea\nBram: ", 40, SETTINGS, 5, "\n")
    for options in (("--as", "Ada"), ("--with", "Bram"), ("--as", "Ada", "--with", "Bram")):
        assert chat(*options, lines="the sea\n").out == reply + "\n"
    refused = chat("--as", "Brom")
    assert (refused.code, refused.out) == (1, "") and "did you mean 'Bram'?" in refused.err


def test_without_speakers_lines_and_replies_are_paragraphs() -> None:
    network = save(PLAIN)
    reply = generate(network, "the sea\n\n", 40, SETTINGS, 5, "\n\n")
    assert chat(lines="the sea\n").out == reply + "\n"
    assert "names no speakers" in chat("--as", "Ada").err


def test_a_conversation_is_saved_and_replays() -> None:
    assert json.loads(chat("--json").out.splitlines()[1])["context"].startswith("Bram: the sea\n")
    assert [turn.prompt for turn in stored()] == ["Bram: the sea\nAda: ", "Bram: Ada?\nAda: "]
    assert all(replay(turn).equal for turn in stored())


def test_a_conversation_need_not_be_saved() -> None:
    assert chat("--no-keep").code == 0
    assert stored() == []


def test_empty_lines_are_skipped_and_the_end_of_input_ends() -> None:
    assert chat(lines="\n\nthe sea\r\n\n").out.count("\n") == 1
    assert chat(lines="") == Result(0, "", "")


def test_a_very_long_line_is_one_turn() -> None:
    assert len(chat(lines="the sea " * 5_000 + "\n").out.splitlines()) == 1
    assert len(stored()) == 1


def test_characters_that_the_model_does_not_know_are_reported() -> None:
    assert chat(lines="the søa\n").err.startswith("Not known to the model:")


def test_an_unknown_model_is_one_sentence() -> None:
    done = call("chat", "frinds", stdin=b"the sea\n")
    assert (done.code, done.out) == (1, "") and "friends" in done.err


@needs_terminal
def test_a_terminal_shows_who_speaks() -> None:
    lines = ((b"Bram: ", b"the sea\r"), (b"\nBram: ", b"\x04"))
    done = on_terminal("chat", "friends", "--seed", "5", answers=lines)
    assert done.code == 0
    assert "You are Bram; it is Ada." in done.out
    assert "Bram: the sea" in done.out and "Ada: " in done.out
