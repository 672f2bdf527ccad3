import hashlib
import json
import re
import shlex
import subprocess
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from charloom.core import paths
from charloom.core.data.words import pack_words
from charloom.core.library.database import Library
from charloom.core.library.replay import replay
from charloom.core.model import checkpoint
from charloom.core.model.metadata import Losses
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.completion import Completion, generate
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.ending import Ending
from charloom.core.sampling.sampler import Sampled, Sampler
from charloom.tui.console import stream
from charloom.tui.console.stream import OutputStream
from tests.helpers.factories import own_assets, random_checkpoint, save_model
from tests.helpers.marks import needs_posix
from tests.helpers.run_cli import COMMAND, call, child, folder, needs_terminal, on_terminal

FIELDS = {
    *("prompt", "text", "seed", "temperature", "top_k", "top_p", "min_p", "words"),
    *("model", "step", "checkpoint_sha256", "chars_per_second"),
}


@pytest.fixture(autouse=True)
def weaver() -> Path:
    """A model called "weaver", with two checkpoints of which the first is the better."""
    better, worse = Losses(validation=1.0), Losses(validation=2.0)
    save_model("weaver", random_checkpoint(seed=1, step=200, losses=worse))
    return save_model("weaver", random_checkpoint(step=100, losses=better))


SETTINGS = ("--temperature", "0.5", "--top-k", "7", "--top-p", "0.9", "--min-p", "0.1")


def objects(*arguments: str) -> list[dict[str, Any]]:
    done = call("generate", *arguments, "--model", "weaver", "--json")
    assert done.code == 0, done.err
    return [json.loads(line) for line in done.out.splitlines()]


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


def test_unknown_characters_are_adapted_and_reported() -> None:
    done = call("generate", "ÉÉ caffè☃", "--model", "weaver", "--length", "0")
    assert done.out == "ee caffe\n"
    message = "Not known to the model: É → e  ·  è → e  ·  ☃ was dropped."
    assert done.err.splitlines()[0] == message


def test_of_many_unknown_characters_a_few_are_reported() -> None:
    done = call("generate", "x0123456789", "--model", "weaver", "--length", "0")
    assert "0 1 2 3 were dropped  ·  and 6 more kinds." in done.err


@pytest.mark.parametrize(
    ("prompt", "message"),
    [("", "The prompt is empty"), ("☃☃", "The model knows none of the prompt's characters")],
)
def test_without_a_known_character_the_text_begins_as_a_line_does(
    prompt: str, message: str
) -> None:
    made = objects(prompt, "--seed", "1", "--length", "60")[0]
    after_newline = objects("\n", "--seed", "1", "--length", "60")[0]
    assert (made["prompt"], made["text"]) == ("", after_newline["text"])
    assert message in call("generate", prompt, "--model", "weaver", "--length", "1").err


def test_a_prompt_from_standard_input_loses_its_final_newline() -> None:
    done = call("generate", "-", "--model", "weaver", "--length", "0", stdin=b"one\ntwo\n")
    assert done.out == "one\ntwo\n"


def test_a_prompt_from_a_pipe_of_windows_has_plain_newlines() -> None:
    done = call("generate", "-", "--model", "weaver", "--length", "0", stdin=b"one\r\ntwo\r\n")
    assert done.out == "one\ntwo\n"


def test_of_a_megabyte_of_prompt_the_end_is_read() -> None:
    words = ("every so often " * 70_000).encode()
    done = call("generate", "-", "--model", "weaver", "--length", "9", "--json", stdin=words)
    assert json.loads(done.out)["prompt"] == words.decode()[-20_000:]
    assert "Only the last 20,000 characters of the prompt are read." in done.err


def test_the_end_of_a_long_prompt_is_cut_between_characters() -> None:
    save_model("sinograph", random_checkpoint("𠀀𠀁"))
    data = ("𠀀𠀁" * 20_000).encode() + b"\n"
    done = call("generate", "-", "--model", "sinograph", "--length", "0", stdin=data)
    assert done.out == "𠀀𠀁" * 10_000 + "\n"


def test_bytes_that_are_no_text_are_dropped_and_reported() -> None:
    done = child("generate", b"ab\xffc", "--model", "weaver", "--length", "0")
    assert (done.code, done.out) == (0, "abc\n")
    assert "Not known to the model: ␦ was dropped." in done.err


def test_it_ends_before_the_stop_string() -> None:
    (whole,) = objects("a", "--seed", "2", "--length", "200")
    stop = whole["text"][50:53]
    (made,) = objects("a", "--seed", "2", "--length", "200", "--stop", stop)
    assert made["text"] == whole["text"].partition(stop)[0]


def test_the_first_of_several_stop_strings_ends_the_text() -> None:
    (whole,) = objects("a", "--seed", "2", "--length", "200")
    late, early = whole["text"][90:93], whole["text"][50:53]
    (made,) = objects("a", "--seed", "2", "--length", "200", "--stop", early, "--stop", late)
    assert made["text"] == min(whole["text"].partition(stop)[0] for stop in (early, late))
    with Library() as library:
        kept = library.recent()[0]
    assert kept.stop == (early, late)
    assert replay(kept).equal


@pytest.mark.parametrize(
    ("given", "stops"),
    [(r"\n", ("\n",)), (r"a\tb\\n", ("a\tb\\n",)), (r"\n\|q|", ("\n", "q|")), ("", ())],
)
def test_stop_strings_have_the_escapes_of_the_app(given: str, stops: tuple[str, ...]) -> None:
    objects("a", "--length", "5", "--stop", given)
    with Library() as library:
        assert library.recent()[0].stop == stops


def test_a_stop_string_that_the_model_cannot_write_is_reported() -> None:
    arguments = ("generate", "a", "--model", "weaver", "--length", "5", "--stop")
    done = call(*arguments, "☃☃", "--stop", "a")
    assert done.code == 0
    assert "The model cannot write '☃☃', so the text does not stop there.\n" in done.err
    assert "cannot write" not in call(*arguments, "a").err


def test_a_text_continues_to_the_end_of_a_unit_and_is_saved_with_it(weaver: Path) -> None:
    arguments = ("--seed", "3", "--count", "2", "--length", "25", "--until", "line")
    texts = [each["text"] for each in objects("a", *arguments)]
    network = NumpyLSTM(checkpoint.load(weaver).checkpoint)
    assert texts == [generate(network, "a", 25, seed=seed, until="line") for seed in (3, 4)]
    assert max(map(len, texts)) > 25
    with Library() as library:
        saved = library.recent()
    assert {(each.length, each.until) for each in saved} == {(25, "line")}
    assert all(replay(each).equal for each in saved)


def test_a_stop_string_stays_with_keep_stop() -> None:
    (whole,) = objects("a", "--seed", "2", "--length", "200")
    stop = whole["text"][50:53]
    (made,) = objects("a", "--seed", "2", "--length", "200", "--stop", stop, "--keep-stop")
    assert made["text"] == whole["text"].partition(stop)[0] + stop
    with Library() as library:
        saved = library.recent()[0]
    assert saved.ending == Ending((stop,), keep_stop=True)
    assert replay(saved).equal


def test_texts_of_known_words_are_saved_as_such_and_others_are_listed() -> None:
    text = "the loom and the sea"
    save_model("speller", random_checkpoint(words=pack_words(text, text)))
    arguments = ("generate", "qq", "--model", "speller", "--words", "known", "--seed", "3")
    done = call(*arguments, "--count", "2", "--length", "90", "--json")
    made = [json.loads(line) for line in done.out.splitlines()]
    for each in made:
        first, *words = re.findall("[a-z]+", "qq" + each["text"])
        assert set(words[:-1]) <= set(text.split())
        assert f"not a known word: {first[:40]}" in done.err
    assert any(len(each["text"].split()) > 9 for each in made)
    with Library() as library:
        saved = library.recent()
    assert len(saved) == 2 and {each.words for each in saved} == {"known"}
    assert replay(saved[0]).equal


def test_a_model_without_a_list_of_words_is_reported_at_once() -> None:
    done = call("generate", "a", "--model", "weaver", "--words", "known")
    assert (done.code, done.out) == (1, "")
    assert "This model has no list of known words" in done.err


def test_the_bundled_model_has_a_list_of_known_words() -> None:
    done = call("generate", "It was ", "--words", "known", "--length", "60", "--no-keep")
    assert done.code == 0 and "not a known word" not in done.err


def test_a_unit_whose_end_the_model_cannot_write_is_reported() -> None:
    save_model("abc", random_checkpoint("abc"))
    done = call("generate", "a", "--model", "abc", "--length", "5", "--until", "paragraph")
    assert (done.code, len(done.out)) == (0, 7)
    message = "The model cannot write the end of a paragraph, so the text does not stop there."
    assert message in done.err


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


@pytest.mark.parametrize("command", ["generate", "growth", "compare"])
def test_a_prompt_may_be_piped_in(command: str) -> None:
    model = ("--model", "weaver") if command == "generate" else ("weaver",)
    options = (*model, "--seed", "1", "--length", "20", "--json")

    def prompts(*arguments: str, stdin: bytes) -> list[str]:
        records = map(json.loads, call(command, *options, *arguments, stdin=stdin).out.splitlines())
        return [side["prompt"] for record in records for side in record.get("sides", [record])]

    given = ("the sea",) if command == "generate" else ("--prompt", "the sea")
    default = "" if command == "generate" else "abc"  # the opening of the model's training text
    assert set(prompts(stdin=b"a web\n")) == {"a web"}
    assert set(prompts(*given, stdin=b"a web\n")) == {"the sea"}
    assert set(prompts(stdin=b"")) == {default}  # as from /dev/null


@needs_posix("redirections of a shell")
def test_a_closed_or_unreadable_standard_input_is_no_prompt() -> None:
    for redirection in ("<&-", "0>written.txt"):
        shell = f"exec {shlex.join([*COMMAND, 'generate', '--model', 'weaver'])} {redirection}"
        done = subprocess.run(
            shell, shell=True, capture_output=True, text=True, cwd=folder(), check=True
        )
        assert "The prompt is empty" in done.stderr


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
