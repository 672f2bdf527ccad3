"""A network with another vocabulary: what it knows stays as it was."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from charloom.core.data.vocab import PLACEHOLDER, Vocab
from charloom.core.model.checkpoint import Checkpoint, from_bytes, tensor_shapes, to_bytes
from charloom.core.model.graft import graft
from charloom.core.model.numpy_lstm import NumpyLSTM
from tests.helpers.factories import random_checkpoint

KNOWN = "\n ,.-'\"aeionrstzAET"
CHECKPOINTS = {
    "one layer": random_checkpoint(KNOWN, hidden_size=12, seed=1),
    "two layers, half": from_bytes(to_bytes(random_checkpoint(KNOWN, 2, seed=2), half=True), ""),
    "tied": random_checkpoint(KNOWN, hidden_size=6, embedding_dim=6, seed=3, tie_weights=True),
}


def grafted(base: Checkpoint, characters: str) -> Checkpoint:
    vocab = Vocab.from_text(characters)
    return random_checkpoint(
        characters,
        base.model.layers,
        base.model.hidden_size,
        base.model.embedding_dim,
        tie_weights=base.model.tie_weights,
        tensors=graft(base, vocab),
    )


def logits(checkpoint: Checkpoint, text: str, characters: str) -> NDArray[np.float32]:
    """Return the logits of ``characters`` after each character of ``text``, by the first one's."""
    network = NumpyLSTM(checkpoint)
    shared = [checkpoint.vocab.c2ix[c] for c in characters]
    rows: NDArray[np.float32]
    rows = network.logits(checkpoint.vocab.encode(text)[None], network.start())[0][:, shared]
    return rows - rows[:, :1]


@pytest.mark.parametrize("name", CHECKPOINTS)
@settings(max_examples=30)
@given(
    shared=st.sets(st.sampled_from(KNOWN), min_size=2),
    new=st.sets(st.sampled_from("бЖé京🙂²“"), max_size=5),
    data=st.data(),
)
def test_logits_of_shared_characters_stay_relative_to_each_other(
    name: str, shared: set[str], new: set[str], data: st.DataObject
) -> None:
    base, characters = CHECKPOINTS[name], "".join(sorted(shared))
    text = data.draw(st.text(characters, min_size=1, max_size=30))
    changed = grafted(base, "".join(shared | new))
    before, after = logits(base, text, characters), logits(changed, text, characters)
    np.testing.assert_allclose(after, before, atol=1e-5)


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_shapes_are_those_of_the_new_vocabulary(name: str) -> None:
    changed = grafted(CHECKPOINTS[name], "xyz" * 9)
    assert {n: t.shape for n, t in changed.tensors.items()} == tensor_shapes(changed.model)
    assert {tensor.dtype for tensor in changed.tensors.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    ("character", "kin"),
    [
        ("S", "s"),
        ("t", "t"),
        ("é", "e"),
        ("É", "E"),
        ("Š", "s"),
        ("“", '"'),
        ("—", "-"),
        ("\u00a0", " "),
        ("\uff4e", "n"),  # of full width
        ("æ", "a"),
        ("x", "aeionrstz"),  # no kin: the lower-case letters
        ("ж", "aeionrstz"),
        ("Ж", "AET"),
        ("京", "aeionrstzAET"),  # a letter, of a category that has no other
        ("4", KNOWN),  # neither kin nor category: all
        (PLACEHOLDER, KNOWN),
    ],
)
def test_a_new_character_starts_from_its_kin(character: str, kin: str) -> None:
    base = CHECKPOINTS["one layer"]
    tensors = graft(base, Vocab((" ", character)))
    sources = [base.vocab.c2ix[c] for c in kin]
    for name in ("embedding.weight", "head.weight"):
        mean = base.tensors[name][sources].mean(axis=0)
        np.testing.assert_allclose(tensors[name][1], mean, atol=1e-6)


def test_new_characters_together_are_as_likely_as_one_of_their_kin() -> None:
    base = CHECKPOINTS["one layer"]
    changed = grafted(base, "ae" + "áàâäãåă")
    rows = NumpyLSTM(changed)
    probabilities = np.exp(rows.logits(changed.vocab.encode("ae")[None], rows.start())[0])
    of_a, of_new = probabilities[:, 0], probabilities[:, 2:].sum(axis=1)
    np.testing.assert_allclose(of_new, of_a * 7 / 8, rtol=1e-5)
