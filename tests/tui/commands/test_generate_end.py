"""Where charloom generate ends a text, and of which words it is."""

import json
import re
from pathlib import Path

import pytest

from charloom.core.data.words import pack_words
from charloom.core.library.database import Library
from charloom.core.library.replay import replay
from charloom.core.model import checkpoint
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.completion import generate
from charloom.core.sampling.ending import Ending
from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.run_cli import call
from tests.tui.commands.generate_helpers import objects

pytestmark = pytest.mark.usefixtures("weaver")


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
