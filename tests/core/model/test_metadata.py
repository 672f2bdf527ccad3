"""The metadata of a checkpoint: its losses, and what it says about its text."""

import dataclasses
import json
import math
from typing import Any

import pytest

from charloom.core.data.dialogue import Dialogue, DialogueForm
from charloom.core.errors import CharloomError
from charloom.core.model.metadata import (
    BaseInfo,
    CorpusInfo,
    HeldOutLoss,
    Losses,
    is_few,
    metadata_from_json,
)
from tests.helpers.factories import random_checkpoint


@pytest.mark.parametrize(
    ("losses", "held_out"),
    [
        (Losses(train=1.0), None),
        (Losses(validation=2.0), HeldOutLoss(2.0, None, "validation")),
        (Losses(validation=2.0, carried=3.0), HeldOutLoss(3.0, None, "carried")),
        (Losses(None, 2.0, 3.0, 3.0, 900, 901), HeldOutLoss(3.0, 901, "carried")),
        (Losses(None, 2.0, 1.0, 1.0, 900, 26), HeldOutLoss(2.0, 900, "validation")),
    ],
)
def test_the_held_out_loss_is_the_one_on_more_characters(
    losses: Losses, held_out: HeldOutLoss | None
) -> None:
    assert losses.held_out == held_out


@pytest.mark.parametrize(
    ("saved", "new", "kept"),
    [
        (Losses(validation=1.0), Losses(validation=2.0), True),
        (Losses(validation=2.0), Losses(validation=1.0), False),
        (Losses(validation=1.0), Losses(), True),
        (Losses(), Losses(), False),
        (Losses(None, 1.0, 3.1, 3.2, 900, 900), Losses(None, 1.0, 2.7, 2.8, 900, 26), True),
        (Losses(None, 1.0, 2.7, 2.8, 900, 26), Losses(None, 1.0, 3.1, 3.2, 900, 900), False),
        (Losses(None, 1.0, 3.1, 3.2, 900, 900), Losses(validation=1.0), True),
    ],
)
def test_no_loss_on_fewer_characters_replaces_a_fuller_one(
    saved: Losses, new: Losses, kept: bool
) -> None:
    assert saved.supersede(new) is kept


def test_a_loss_on_fewer_than_a_thousand_characters_is_on_few() -> None:
    assert [is_few(count) for count in (None, 26, 999, 1_000)] == [False, True, True, False]


@pytest.mark.parametrize("count", [-1, 1.5, True, "9"])
def test_a_number_of_characters_is_a_whole_number(count: Any) -> None:
    with pytest.raises(CharloomError, match="number of carried_characters"):
        Losses(carried=1.0, carried_characters=count)


def test_metadata_without_the_numbers_of_characters_can_be_read() -> None:
    data = random_checkpoint(losses=Losses(carried=1.5)).to_json()
    del data["losses"]["validation_characters"], data["losses"]["carried_characters"]
    data["vocab"] = list(data["vocab"])
    assert metadata_from_json(data).losses == Losses(carried=1.5)
    assert dataclasses.asdict(Losses()).keys() >= data["losses"].keys()


def test_the_share_of_the_base_in_an_average_is_stored() -> None:
    averaged = BaseInfo("english", 7, "0" * 64, share=0.3)
    data = random_checkpoint(base=averaged).to_json()
    data = json.loads(json.dumps(data))
    assert metadata_from_json(data).base == averaged
    del data["base"]["share"]  # of an earlier version
    assert metadata_from_json(data).base == BaseInfo("english", 7, "0" * 64)


@pytest.mark.parametrize("share", [-0.1, 1.0, math.nan, True, "0.5"])
def test_a_share_is_from_0_to_1(share: Any) -> None:
    with pytest.raises(CharloomError, match="base's share"):
        BaseInfo("english", 7, "0" * 64, share)


def test_a_dialogue_is_stored_with_the_text() -> None:
    dialogue = Dialogue(DialogueForm.NAME, ("Ada", "Bram"), "\n", ("\n",))
    corpus = CorpusInfo("chat", "0" * 64, 1_000, "Ada: ", dialogue)
    stored = json.loads(json.dumps(random_checkpoint(corpus=corpus).to_json()))
    assert metadata_from_json(stored).corpus == corpus


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("form", "song"),
        ("names", ["Ada"] * 51),
        ("names", [1]),
        ("stops", [""]),
        ("end", "\n" * 51),
        ("dash", None),
    ],
)
def test_a_damaged_dialogue_is_refused(field: str, value: Any) -> None:
    dialogue = {"form": "name", "names": ["Ada"], "end": "\n", "stops": ["\n"], "dash": ""}
    stored = random_checkpoint().to_json()
    for damage in ({field: value}, dict.fromkeys(dialogue)):
        stored["corpus"]["dialogue"] = dialogue | damage
        with pytest.raises(CharloomError):
            metadata_from_json(stored)
    stored["corpus"]["dialogue"] = [dialogue]
    with pytest.raises(CharloomError):
        metadata_from_json(stored)


@pytest.mark.parametrize(
    ("opening", "words"),
    [
        ("the grey sea was gr", "the grey sea was"),
        ("THE SEA\n\nby Ada\n\nIt was gr", "THE SEA"),
        ("\n\nAda:\nIt was\n\nBe", "Ada:\nIt was"),
        ("sea", "sea"),
        (" \n", ""),
    ],
)
def test_a_default_prompt_is_the_first_paragraph_in_whole_words(opening: str, words: str) -> None:
    assert CorpusInfo("sea", "0" * 64, 1_000, opening).opening_words == words
