import hashlib
import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from charloom.core import paths
from charloom.core.library.database import Library
from charloom.core.model import checkpoint
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.completion import Completion
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.sampler import Sampled, Sampler
from charloom.tui.console import stream
from charloom.tui.console.stream import OutputStream
from tests.helpers.factories import own_assets, random_checkpoint, save_model
from tests.helpers.run_cli import call, child, needs_terminal, on_terminal
from tests.tui.commands.generate_helpers import objects

pytestmark = pytest.mark.usefixtures("weaver")

FIELDS = {
    *("prompt", "text", "seed", "temperature", "top_k", "top_p", "min_p", "words"),
    *("model", "step", "checkpoint_sha256", "chars_per_second"),
}
SETTINGS = ("--temperature", "0.5", "--top-k", "7", "--top-p", "0.9", "--min-p", "0.1")


def drawn(path: Path, prompt: str, seed: int, length: int) -> str:
    model = NumpyLSTM(checkpoint.load(path).checkpoint)
    settings = SamplingConfig(0.5, 7, 0.9, 0.1)
    return "".join(c for c, _ in Completion(Sampler(model, prompt, settings, seed), length))


def test_a_pipe_gets_the_prompt_the_text_and_a_newline(weaver: Path) -> None:
    arguments = (*SETTINGS, "--seed", "3")
    done = child("generate", "once upon", "--model", "weaver", *arguments, "--length", "80")
    assert done.code == 0
    assert done.out == "once upon" + drawn(weaver, "once upon", 3, 80) + "\n"


def test_json_is_one_object_with_exactly_the_promised_fields(weaver: Path) -> None:
    arguments = (*SETTINGS, "--seed", "3")
    (made,) = objects("once upon", *arguments, "--length", "80")
    assert set(made) == FIELDS
    assert made.pop("chars_per_second") > 0
    assert made == {
        "prompt": "once upon",
        "text": drawn(weaver, "once upon", 3, 80),
        "seed": 3,
        "temperature": 0.5,
        "top_k": 7,
        "top_p": 0.9,
        "min_p": 0.1,
        "words": "any",
        "model": "weaver",
        "step": 100,
        "checkpoint_sha256": hashlib.sha256(weaver.read_bytes()).hexdigest(),
    }


def test_several_texts_have_one_seed_after_the_other() -> None:
    several = objects("a", "--seed", "5", "--count", "3", "--length", "40")
    assert [each["seed"] for each in several] == [5, 6, 7]
    assert all(each["chars_per_second"] > 0 for each in several)
    for each in several:
        (alone,) = objects("a", "--seed", str(each["seed"]), "--length", "40")
        assert alone["text"] == each["text"]


def test_several_texts_are_set_apart() -> None:
    three = objects("a", "--seed", "5", "--count", "3", "--length", "40")
    arguments = ("--model", "weaver", "--seed", "5", "--count", "3", "--length", "40")
    done = call("generate", "a", *arguments)
    assert done.out == "\n* * *\n\n".join(f"a{each['text']}\n" for each in three)


def test_a_seed_that_was_not_chosen_is_random_and_reported() -> None:
    done = call("generate", "a", "--model", "weaver", "--length", "40")
    seed = done.err.partition("seed ")[2].split(" ")[0]
    again = call("generate", "a", "--model", "weaver", "--length", "40", "--seed", seed)
    assert again.out == done.out
    assert f"seed {seed} " not in call("generate", "a", "--model", "weaver").err


def test_an_address_chooses_among_the_checkpoints() -> None:
    for address, step in (("weaver", 100), ("weaver@last", 200), ("weaver@200", 200)):
        done = call("generate", "a", "--model", address, "--json")
        made = json.loads(done.out)
        assert (made["model"], made["step"]) == ("weaver", step)


def test_a_bundled_model_that_is_missing_is_reported_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_assets(tmp_path, monkeypatch)
    done = call("generate", "a")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("charloom: There is no model called 'frankenstein'")
    assert done.err.count("\n") == 1


def test_every_text_is_saved_with_everything_needed_to_reproduce_it() -> None:
    made = objects("ab", "--seed", "8", "--count", "2", "--length", "30", "--stop", "q")
    call("generate", "ab", "--model", "weaver", "--length", "10", "--favorite")
    with Library() as library:
        newest, *others = library.recent()
    assert (newest.starred, newest.length, len(newest.text)) == (True, 10, 10)
    for kept, each in zip(reversed(others), made, strict=True):
        assert {name: getattr(kept, name) for name in FIELDS} == each
        assert (kept.starred, kept.length, kept.stop) == (False, 30, ("q",))


def test_bits_are_those_that_scoring_finds() -> None:
    (made,) = objects("a", "--length", "300", "--temperature", "1.3")
    with Library() as library:
        kept = library.recent()[0].bits_per_char
    text = (made["prompt"] + made["text"]).encode()
    done = call("score", "-", "--model", "weaver", "--json", "--no-trim", stdin=text)
    assert json.loads(done.out)["bits_per_char"] == pytest.approx(kept, abs=1e-5)


def test_no_keep_saves_nothing() -> None:
    done = call("generate", "a", "--model", "weaver", "--no-keep")
    assert done.code == 0 and "saved" not in done.err
    assert not paths.library_file().exists()
    assert call("generate", "a", "--model", "weaver", "--no-keep", "--favorite").code == 2


def test_a_text_that_cannot_be_saved_is_still_written() -> None:
    paths.library_file().mkdir(parents=True)
    arguments = ("a", "--model", "weaver", "--length", "40", "--seed", "1", "--count", "2")
    done = call("generate", *arguments)
    assert done.code == 0
    assert len(done.out) == 2 * len("a" + 40 * "x" + "\n") + len("\n* * *\n\n")
    assert done.err.splitlines()[-1].startswith("Not saved: The library ")
    favorite = call("generate", *arguments, "--favorite")  # saving it was asked for
    assert (favorite.code, len(favorite.out)) == (1, len(done.out))
    assert favorite.err.splitlines()[-1].startswith("charloom: The library ")
    assert len(call("generate", *arguments, "--json").out.splitlines()) == 2


def test_a_text_too_long_to_save_is_dropped_as_it_is_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stream, "MAX_STORED_CHARACTERS", 100)
    monkeypatch.setattr(stream, "_FRAME_SECONDS", 0.0)
    output = OutputStream(echo=True)
    most = 0

    def characters() -> Iterator[Sampled]:
        nonlocal most
        for _ in range(1_000):
            most = max(most, len(output.text))
            yield Sampled("x", 0.5)

    assert output.write("", characters) is None
    assert capsys.readouterr().out == 1_000 * "x" + "\n"
    assert (output.length, output.bits_per_char, most) == (1_000, 1.0, 100)


@needs_terminal
def test_on_a_terminal_the_prompt_is_bold_and_the_figures_are_dim() -> None:
    arguments = ("--model", "weaver", "--seed", "1", "--length", "30", "--json")
    text = json.loads(call("generate", "ab", *arguments).out)["text"]
    shown = on_terminal("generate", "ab", *arguments[:-1]).out
    assert shown.startswith(f"\x1b[1mab\x1b[0m{text}\n\x1b[2mweaver@100 · seed 1 · ")


@needs_terminal
@pytest.mark.parametrize("plain", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_that_wants_no_styles_gets_none(plain: dict[str, str]) -> None:
    shown = on_terminal("generate", "ab", "--model", "weaver", environment=plain)
    assert shown.out.startswith("ab")
    assert "\x1b" not in shown.out


@needs_terminal
def test_control_characters_are_signs_on_a_terminal_and_themselves_in_a_pipe() -> None:
    save_model("wild", random_checkpoint("\x1b]\x07\x9b\u202e"))
    shown = on_terminal("generate", "\x1b]", "--model", "wild", environment={"NO_COLOR": "1"})
    text = shown.out.splitlines()[0]
    assert text.startswith("␛]")
    assert not any(unicodedata.category(c) in ("Cc", "Cf") for c in text)
    assert child("generate", "\x1b]", "--model", "wild").out.startswith("\x1b]")
