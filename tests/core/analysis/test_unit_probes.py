import random

import numpy as np
import pytest

from charloom.core.analysis.activations import UnitSignal, trace
from charloom.core.analysis.unit_probes import PROPERTIES, Span, rank_units, strong_spans
from charloom.core.data.vocab import Vocab
from charloom.core.model.checkpoint import Checkpoint
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.training.loop import train
from tests.helpers.factories import random_checkpoint
from tests.helpers.training_tasks import CPU, MemorySink, small_task


def measured(name: str, text: str) -> str:
    return "".join(f"{min(9, value):d}" for value in PROPERTIES[name](text))


def test_the_properties_of_a_text_are_those_a_reader_would_name() -> None:
    assert measured("position in line", "ab\ncde\n\nf") == "000123001"  # where it began: unknown
    assert measured("word length", "it, is 42!") == "1200120120"
    assert measured("capital letters", "Ab ÄB c") == "1001100"
    assert measured("after a newline", "a\n\nb") == "0110"
    assert measured("inside quotation marks", "a “b” c") == "0011000"
    assert measured("inside quotation marks", 'a "b" "c') == "00110011"
    assert measured("inside brackets", "f(a[0]) b)") == "0111110000"
    assert measured("inside brackets", "(ab\n\nc") == "111100"


def test_an_empty_line_ends_an_unclosed_quotation() -> None:
    assert measured("inside quotation marks", "“ab\n\n“c” d") == "1111011000"


def by_hand(tracked: int = 3) -> Checkpoint:
    """Return a network with one unit that remembers whether a quotation is open, by construction.

    Its forget gate stays open, and only “ and ” pass its input gate: one adds to it, one subtracts.
    """
    checkpoint = random_checkpoint("“” abcdefg", hidden_size=8, embedding_dim=11)
    tensors = {name: tensor.copy() for name, tensor in checkpoint.tensors.items()}
    tensors["embedding.weight"] = np.eye(10, 11, dtype=np.float32)  # a character is its id
    opens, closes = (checkpoint.vocab.c2ix[mark] for mark in "“”")
    for name in ("weight_hh_l0", "weight_ih_l0", "bias_ih_l0", "bias_hh_l0"):
        rows = tensors[f"lstm.{name}"].reshape(4, 8, -1)  # i, f, g, o
        rows[:, tracked] = 0
        if name == "weight_ih_l0":
            rows[0, tracked, [opens, closes]] = 60
            rows[2, tracked, opens], rows[2, tracked, closes] = 1, -1
        elif name == "bias_ih_l0":
            rows[0, tracked], rows[1, tracked] = -30, 30
    return random_checkpoint("“” abcdefg", hidden_size=8, embedding_dim=11, tensors=tensors)


def quoted(sentences: int, seed: int) -> str:
    """Return text with quotations of every length, in letters unrelated to them."""
    draw = random.Random(seed)

    def words() -> str:
        return "".join(draw.choices("abcdefg ", k=draw.randint(5, 60)))

    return "".join(f"{words()}“{words()}”" for _ in range(sentences))


def test_a_unit_that_was_built_to_track_quotations_comes_first() -> None:
    ranked = rank_units(trace(NumpyLSTM(by_hand()), quoted(60, seed=1)))
    assert len(ranked) == 8
    assert ranked[0][:3] == (0, 3, "inside quotation marks")
    assert ranked[0].score == pytest.approx(1, abs=1e-4)
    assert ranked[0].sign == 1
    assert max(each.score for each in ranked[1:]) < 0.7


@pytest.mark.usefixtures("torch_as_it_was")
def test_a_network_that_must_track_quotations_is_found_to_do_so() -> None:
    """After a full stop comes x inside a quotation and y outside; no other clue exists."""
    draw = random.Random(0)
    pieces, inside = [], False
    for _ in range(9_000):
        piece = draw.choices(("a", "b", '"', "."), (4, 4, 1, 3))[0]
        inside ^= piece == '"'
        pieces.append(piece + ("x" if inside else "y") * (piece == "."))
    text = "".join(pieces)
    sink = MemorySink()
    settings = {
        "batch_size": 16,
        "window": 32,
        "learning_rate": 0.02,
        "steps": 300,
        "held_out": 0.0,
    }
    task = small_task(text, hidden_size=16, **settings)
    for _ in train(task, CPU, sink):
        pass
    newest = sink.checkpoints[max(sink.checkpoints)]
    ranked = rank_units(trace(NumpyLSTM(newest), text[-4_000:]))
    best = next(each for each in ranked if each.tracks == "inside quotation marks")
    assert best.score > 0.9
    untrained = random_checkpoint('".abxy', hidden_size=16)
    ranked = rank_units(trace(NumpyLSTM(untrained), text[-4_000:]))
    assert all(each.score < 0.7 for each in ranked if each.tracks == "inside quotation marks")


def test_a_chance_fit_on_the_first_half_does_not_score() -> None:
    draw = random.Random(3)
    text = "".join(draw.choices("abcdefgh", k=400)) + "("
    text += "".join(draw.choices("abcdefgh", k=400)) + ")" + text[:200]
    model = NumpyLSTM(random_checkpoint("()abcdefgh", hidden_size=64))
    ranked = rank_units(trace(model, text))
    assert len(ranked) == 64
    brackets = [each for each in ranked if each.tracks == "inside brackets"]
    assert all(abs(each.score) < 0.5 for each in brackets)


def test_a_text_without_any_property_has_no_ranked_units() -> None:
    assert rank_units(trace(NumpyLSTM(random_checkpoint("+-")), "+-" * 50)) == []


def test_the_best_for_each_property_come_first_and_all_are_there() -> None:
    text = ("The Wind (it was low) was\nnot heard, and The Loom " * 9)[:-1]
    vocab = "".join(Vocab.from_text(text).chars)
    ranked = rank_units(trace(NumpyLSTM(random_checkpoint(vocab, layers=2, hidden_size=16)), text))
    assert {(each.layer, each.unit) for each in ranked} == {
        (layer, unit) for layer in range(2) for unit in range(16)
    }
    named = len({each.tracks for each in ranked})
    assert len({each.tracks for each in ranked[:named]}) == named
    for part in (ranked[:named], ranked[named:]):
        assert [each.score for each in part] == sorted((e.score for e in part), reverse=True)


def test_spans_are_where_a_signal_is_strongest() -> None:
    values = np.zeros(200, np.float32)
    values[[10, 11, 12]] = 1
    values[100:110] = 2
    values[150] = -3
    assert strong_spans(values) == [Span(10, 13), Span(100, 110)]
    assert strong_spans(values, sign=-1) == [Span(150, 151)]
    many = np.tile(np.array([0, 0, 0, 1], np.float32), 100)
    many[40:44] = 5
    assert Span(39, 44) in strong_spans(many)
    assert len(strong_spans(np.tile([0.0, 0, 0, 1], 100).astype(np.float32))) == 20
    assert strong_spans(np.zeros(10, np.float32)) == []


def test_a_signal_that_begins_late_has_spans_all_the_same() -> None:
    result = trace(NumpyLSTM(by_hand()), "???" + quoted(9, seed=2))
    cell = result.signal(UnitSignal.CELL, 0, 3)
    assert np.isnan(cell[:3]).all()
    text = result.text
    for start, end in strong_spans(cell):
        assert text[start] == "“" or text[start - 1] == "“"
        assert text[end] == "”"
