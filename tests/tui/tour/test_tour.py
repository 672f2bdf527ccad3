"""The ten stages: their numbers against independent truth, and lines that always fit."""

# ruff: noqa: RUF001 - letters of many scripts

import importlib
import json
import math
import random
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from rich.cells import cell_len

from charloom.core.data import corpus
from charloom.core.data.text_file import TextFile
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.sampler import distribution
from charloom.core.sanitize import sanitize
from charloom.tui.tour.stages import STAGES, Stage
from charloom.tui.tour.subject import load_subject
from charloom.tui.tour.text_layout import COLUMNS
from charloom.tui.tour.tour import NETWORK_STAGES, Tour
from charloom.tui.tour.worked_example import WorkedExample
from tests.helpers.child_process import TEXT
from tests.helpers.factories import random_checkpoint, ref, save_model

HOSTILE = "\x1b]0;taken\x07\x9b31m\x7f\u202e[red]\x1b[2J \u200dä\u0300\u0301"
RANDOM = random.Random(5)
TEXTS = {
    "plain": TEXT,
    "wide": "織り機が動く。糸は細い、夜は長い。「誰?」\n" * 60,
    "emoji": "👩\u200d👧 sings 🎵🎵 and ❤\ufe0f weaves ☰☱\n" * 60,
    "hostile": (HOSTILE + " and on it went; the loom was never still again.\n") * 30,
    "marks": "नमस्ते दुनिया, यह एक करघा है।\nשָׁלוֹם עוֹלָם\n" * 40,
    "one line": "word" * 900,
    "noise": "".join(map(chr, RANDOM.choices(range(0x20, 0x2FFF), k=3_000))),
}


def toured(text: str, chosen: SamplingConfig | None = None, **over: Any) -> Tour:
    """Return the tour of a model with the vocabulary of the text, with its worked example."""
    from charloom.core.training.worked_example import compute_example

    checkpoint = random_checkpoint(text, **over)
    checkpoint = replace(checkpoint, training=replace(checkpoint.training, batch_size=4, window=16))
    save_model("weaver", checkpoint)
    stored = TextFile.of([text])
    opened = corpus.Corpus(stored, stored.count(), "mine", "mine.txt", "utf-8")
    tour = Tour(load_subject(ref("weaver"), lambda: opened), chosen or SamplingConfig())
    answer = compute_example(checkpoint, tour.subject.known_text, tour.subject.train_config)
    tour.example = WorkedExample.from_json(json.loads(json.dumps(answer)))
    return tour


pytestmark = pytest.mark.usefixtures("torch_as_it_was")


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_every_line_fits_and_is_safe_for_any_text(text: str) -> None:
    tour = toured(text, layers=2)
    for stage in STAGES:
        lines = tour.lines(stage.number)
        assert lines
        for line in lines:
            assert cell_len(line) <= COLUMNS
            assert sanitize(line) == line and "\n" not in line
        question = tour.question(stage.number)
        assert question and len(question.choices) == len(set(question.choices)) >= 2
        assert 0 <= question.right < len(question.choices)


def test_the_network_stages_are_empty_without_the_example() -> None:
    tour = toured(TEXT)
    tour = Tour(tour.subject, SamplingConfig())
    waiting = tuple(s.number for s in STAGES if not tour.lines(s.number))
    assert waiting == NETWORK_STAGES
    assert tour.question(9) is None and tour.question(8) is not None


def test_the_text_its_characters_and_the_tables_are_those_of_the_text() -> None:
    tour = toured(TEXT)
    subject = tour.subject
    text, characters, vocabulary, ids = ("\n".join(tour.lines(n)) for n in (1, 2, 3, 4))
    assert f"characters  {len(TEXT):,}" in text and f"{subject.held_out:,} at the end (10%)" in text
    assert "It begins:\n  │ The sea was grey, and the loom went on;" in text
    size = f"{len(subject.text):,}"
    assert f"the {size} characters to learn from would be {size} bytes." in characters.replace(
        "\n", " "
    )
    assert "U+002C          1  comma" in characters
    commonest = max(set(subject.text), key=subject.text.count)
    number = sorted(set(TEXT)).index(commonest)
    assert f"V = {len(set(TEXT))} characters" in vocabulary
    shown = "␣" if commonest == " " else commonest
    assert f"c2ix['{shown}'] = {number}     ix2c[{number}] = '{shown}'" in vocabulary
    assert re.search(rf"^{shown} +{number} +{subject.text.count(commonest)} ", vocabulary, re.M)
    row = next(line for line in tour.lines(4) if line.startswith("ids"))
    encoded = [sorted(set(TEXT)).index(c) for c in TEXT]
    assert [int(each) for each in row.split()[1:]] == encoded[: len(row.split()) - 1]
    assert f"{len(subject.text):,} numbers from 0 to {len(set(TEXT)) - 1}" in ids


def test_labels_are_below_their_features() -> None:
    tour = toured(TEXT)
    lines = tour.lines(5)
    text, features, labels = lines[2:5]
    assert features.replace("[", " ").replace("]", " ").split()[1:] == text.split()[1:17]
    assert labels.replace("[", " ").replace("]", " ").split()[1:] == text.split()[2:18]
    assert labels.index("[") == features.index("[") + 2
    place = text.index("w")
    assert features[place] == labels[place] == "w"
    _, above, arrows, _, below = lines[6:11]
    given, answers = ([int(n) for n in row.split()[2:]] for row in (above, below))
    assert answers[:-1] == given[1:] and arrows.split() == ["↓"] * 16
    question = tour.question(5)
    assert question and "third feature" in question.question
    assert question.choices[question.right] == str(answers[2])


def test_the_loss_by_hand_is_the_loss() -> None:
    tour = toured(TEXT)
    example = tour.example
    assert example
    label, logit = example.logits[0]
    text = "\n".join(tour.lines(8))
    nats = round(example.log_sum, 4) - round(logit, 4)
    assert f"= {nats:.4f} nats" in text and f"{nats / math.log(2):.4f} bits" in text
    assert f"of all 64 rows: {example.loss:.4f} nats" in text
    assert f"torch's cross_entropy of the batch: {example.loss:.4f}" in text
    assert f"ln {len(set(TEXT))} = {math.log(len(set(TEXT))):.4f}" in text
    shown = next(line for line in tour.lines(8) if line.endswith("← the right one"))
    assert float(shown.split()[2]) == pytest.approx(math.exp(-nats), abs=1e-4)
    assert shown[0] == tour.subject.vocab.ix2c[label].replace(" ", "␣")
    question = tour.question(8)
    assert question and question.choices[question.right] == str(2 * 16 + 3)


def test_the_parameters_add_up_to_those_of_the_model() -> None:
    tour = toured(TEXT, layers=2)
    rows = [line.split() for line in tour.lines(7)]
    total = next(row for row in rows if row[:1] == ["total"])[1]
    assert int(total.replace(",", "")) == tour.subject.checkpoint.model.parameters
    question = tour.question(7)
    assert question and question.choices[question.right].startswith("H = 8:")


def test_the_step_goes_against_the_gradient() -> None:
    tour = toured(TEXT)
    example = tour.example
    assert example
    lines = "\n".join(tour.lines(9))
    assert f"{example.before:+.7f}" in lines and f"{example.after:+.7f}" in lines
    question = tour.question(9)
    assert question
    down = example.after < example.before
    assert question.choices[question.right].startswith("down" if down else "up")


@pytest.mark.parametrize(
    ("chosen", "temperature", "top_k"), [((0.7, 3), 0.7, 3), ((1.0, 0), 0.5, 5)]
)
def test_the_bars_are_the_distributions_that_are_drawn_from(
    chosen: tuple[float, int], temperature: float, top_k: int
) -> None:
    tour = toured(TEXT, SamplingConfig(*chosen))
    sampling = tour.sampling_stage
    settings = [
        SamplingConfig(1.0),
        SamplingConfig(temperature),
        SamplingConfig(temperature, top_k),
    ]
    expected = [distribution(sampling.logits, each) for each in settings]
    np.testing.assert_array_equal(list(sampling.distributions.values()), expected)
    first = next(line for line in sampling.lines() if "█" in line)
    shares = [float(cell.rstrip("%")) for cell in first.split() if cell.endswith("%")]
    likeliest = sampling.logits.argmax()
    assert shares == [round(100 * p[likeliest], 1) for p in expected]
    question = tour.question(10)
    assert question and question.choices[question.right] == f"‘{first[0]}’"


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_the_code_of_each_stage_exists(stage: Stage) -> None:
    path, _, name = stage.code.partition(": ")
    module = importlib.import_module("charloom." + path.removesuffix(".py").replace("/", "."))
    owner, _, member = name.partition(".")
    value = getattr(module, owner)
    assert not member or member in dir(value) or member in value.__dataclass_fields__
