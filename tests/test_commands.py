"""The commands that sample, score and manage: what they write, and what they keep."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from core import scoring, store
from core.library import Library
from core.lstm import LSTM
from tests.child import start
from tests.gutenberg_server import Answer, gutenberg_file, running
from tests.makers import random_checkpoint
from tui.cli import run

LETTERS = "\n abcdefghijklmnopqrstuvwxyz."
ASK = ["generate", "the sea", "--model", "mine", "--seed", "5", "--length", "40"]
TEXT = "the sea was grey.\n" * 30


@pytest.fixture(autouse=True)
def a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.save("mine", random_checkpoint(LETTERS, hidden=12))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def say(capfd: pytest.CaptureFixture[str]) -> "Say":
    return Say(capfd)


class Say:
    """Runs commands that must succeed."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self._captured = captured

    def __call__(self, *arguments: str) -> str:
        self._captured.readouterr()
        status = run(list(arguments))
        out, self.err = self._captured.readouterr()
        assert status == 0, self.err
        return out


def test_generate_writes_the_prompt_and_what_follows(say: Say) -> None:
    written = say(*ASK)
    assert written.startswith("the sea") and len(written) == len("the sea") + 40 + 1
    assert "seed 5" in say.err and "mine@100" in say.err
    assert say(*ASK) == written
    assert say(*ASK[:-4], "--seed", "6", "--length", "40") != written


def test_generate_as_json_has_the_keys_that_scripts_rely_on(say: Say) -> None:
    made = json.loads(say(*ASK, "--json"))
    assert list(made) == [
        *("prompt", "text", "seed", "temperature", "top_k", "top_p"),
        *("model", "step", "checkpoint_sha256", "chars_per_second"),
    ]
    assert (made["prompt"], made["seed"], made["step"]) == ("the sea", 5, 100)
    assert made["checkpoint_sha256"] == store.load("mine").sha256
    assert made["prompt"] + made["text"] + "\n" == say(*ASK)


def test_several_texts_have_seeds_in_a_row(say: Say) -> None:
    several = [json.loads(line) for line in say(*ASK, "--count", "3", "--json").splitlines()]
    assert [each["seed"] for each in several] == [5, 6, 7]
    alone = json.loads(say(*ASK[:4], "--seed", "7", "--length", "40", "--json"))
    assert alone["text"] == several[2]["text"]
    assert say(*ASK, "--count", "3").count("* * *") == 2


def test_a_stop_string_ends_a_text(say: Say) -> None:
    whole = json.loads(say(*ASK, "--json"))["text"]
    cut = json.loads(say(*ASK, "--stop", whole[10:13], "--json"))["text"]
    assert cut == whole[: whole.index(whole[10:13])]


def test_temperature_0_takes_the_likeliest_whatever_the_seed(say: Say) -> None:
    cold = [*ASK[:4], "--length", "30", "--temperature", "0", "--seed"]
    assert say(*cold, "1") == say(*cold, "2")


def test_every_generation_is_kept_and_favorites_are_listed(say: Say) -> None:
    say(*ASK)
    say(*ASK, "--favorite")
    with Library() as library:
        assert (library.count(), library.count(starred_only=True)) == (2, 1)
    (favorite,) = json.loads(say("favorites", "--json"))
    assert favorite["id"] == 2
    assert len(json.loads(say("favorites", "list", "--all", "--json"))) == 2


def test_a_favorite_is_tagged_found_exported_and_taken_back(say: Say, tmp_path: Path) -> None:
    say(*ASK, "--favorite")
    assert say("favorites", "tag", "1", "Storm", "sea") == "sea, storm\n"
    assert "the sea" in say("favorites", "search", "stor")
    assert say("favorites", "search", "harbour") == ""
    for kind in ("txt", "md", "jsonl"):
        assert "the sea" in say("favorites", "export", "--format", kind)
    say("favorites", "export", "--output", "kept.txt")
    assert "the sea" in (tmp_path / "kept.txt").read_text()
    say("favorites", "remove", "1")
    assert json.loads(say("favorites", "--json")) == []
    assert say("favorites", "show", "1").count("the sea") >= 1


def test_a_replay_verifies_a_text_and_names_where_it_differs(
    say: Say, capfd: pytest.CaptureFixture[str]
) -> None:
    say(*ASK, "--favorite")
    say("favorites", "replay", "1")
    with Library() as library:
        kept = library.get(1)
        library.add(replace(kept, text=f"{kept.text[:11]}#{kept.text[12:]}"))
    assert run(["favorites", "replay", "2"]) == 1
    assert "12" in capfd.readouterr().err
    store.save("mine", random_checkpoint(LETTERS, hidden=12, seed=9))
    assert run(["favorites", "replay", "1"]) == 1
    assert "replaced" in capfd.readouterr().err


def test_score_tells_both_measures(say: Say) -> None:
    Path("text.txt").write_text(TEXT)
    model = LSTM(store.load("mine").checkpoint)
    carried = json.loads(say("score", "text.txt", "--model", "mine", "--json"))
    assert list(carried) == ["chars", "nats_per_char", "bits_per_char", "unknown_chars"]
    assert carried["chars"] == len(TEXT) - 1
    assert carried["nats_per_char"] == scoring.carried(model, TEXT).nats_per_char
    assert carried["bits_per_char"] == pytest.approx(carried["nats_per_char"] / math.log(2))
    windowed = json.loads(say("score", "text.txt", "--model", "mine", "--window", "16", "--json"))
    assert windowed["nats_per_char"] == scoring.windowed(model, TEXT, 16).nats_per_char
    assert "windowed-16" in say("score", "text.txt", "--model", "mine", "--window", "16")


def test_models_are_listed_shown_renamed_pinned_pruned_and_removed(say: Say) -> None:
    for step in (200, 300, 400):
        store.save("mine", random_checkpoint(LETTERS, hidden=12, step=step))
    assert "mine" in say("models")
    listed = {each["name"]: each for each in json.loads(say("models", "list", "--json"))}
    assert listed["mine"]["checkpoints"] == 4 and listed["frankenstein"]["bundled"]
    say("models", "pin", "mine@200")
    say("models", "rename", "mine", "yours")
    say("models", "prune", "yours")
    assert [each.step for each in store.model("yours").checkpoints] == [200, 400]
    assert "pinned" in say("models", "show", "yours")
    say("models", "remove", "yours", "--yes")
    assert "yours" not in store.names()


def test_a_model_travels_as_one_file(say: Say, tmp_path: Path) -> None:
    exported = say("models", "export", "mine", "copy.safetensors", "--half").strip()
    assert (tmp_path / exported).is_file()
    assert say("models", "import", "copy.safetensors", "--name", "again") == "again\n"
    assert len(say("generate", "the", "--model", "again", "--length", "5")) == 3 + 5 + 1


def test_the_bundled_model_goes_on_with_a_sentence_when_nothing_is_asked(say: Say) -> None:
    assert say().startswith("You will rejoice to hear")


def test_corpus_lists_checks_and_shows(say: Say, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text(TEXT)
    listed = {each["name"]: each["offline"] for each in json.loads(say("corpus", "list", "--json"))}
    assert listed["loom"] and listed["pydoc"] and listed["stdlib"] and not listed["frankenstein"]
    assert len(listed) >= 13
    assert say("corpus", "show", "text.txt", "--start", "36") == TEXT[36:]
    checked = json.loads(say("corpus", "check", "text.txt", "--json"))
    assert checked["characters"] == len(TEXT) and checked["distinct"] == len(set(TEXT))
    assert set(checked["training_seconds"]) == {"auto", "notebook", "small", "medium", "large"}
    assert all(seconds > 0 for seconds in checked["training_seconds"].values())
    assert "short" in say("corpus", "check", "text.txt")


def test_a_reader_who_has_had_enough_ends_generate_quietly(tmp_path: Path) -> None:
    process = start([*ASK[:-1], "1000000"], tmp_path)
    assert process.stdout and process.stderr and process.stdin
    process.stdout.read(10)
    process.stdout.close()
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
    process.stdin.close()
    assert process.wait() == 0


def test_a_text_from_the_catalog_is_downloaded_once(
    say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    with running() as server:
        server.serve(84, Answer(gutenberg_file("You will rejoice to hear of it.\n" * 9)))
        say("corpus", "get", "frankenstein", "--mirror", server.address)
        assert "You will rejoice" in say("corpus", "show", "frankenstein")
        assert server.count(84) == 1
