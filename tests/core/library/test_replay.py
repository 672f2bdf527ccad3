import dataclasses
from collections.abc import Callable
from itertools import islice

import pytest

from charloom.core.errors import CharloomError
from charloom.core.library.generation import Generation
from charloom.core.library.replay import completion_for, find_writer, replay
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.completion import Completion, generate
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.conversation import Conversation
from charloom.core.sampling.sampler import Sampler
from charloom.core.store.read import load_checkpoint
from charloom.core.store.write import remove_model
from tests.helpers.factories import checkpoint_path, damage, random_checkpoint, ref, save_model
from tests.helpers.generations import generation


@pytest.fixture(autouse=True)
def _weaver() -> None:
    save_model("weaver", random_checkpoint())


def steered() -> Generation:
    """Let a model write, in other words from the 20th character on."""
    loaded = load_checkpoint(ref("weaver"))
    draft = Completion(
        Sampler(NumpyLSTM(loaded.checkpoint), "the sea", SamplingConfig(0.8, 5), 4), 60
    )
    text = "".join(each.character for each in islice(draft, 20))
    draft.config = SamplingConfig(0)
    return generation(
        text + "".join(each.character for each in draft),
        model="weaver",
        step=100,
        checkpoint_sha256=loaded.sha256,
        prompt="the sea",
        top_k=5,
        length=60,
        seed=4,
        changes=draft.changes,
    )


def test_a_text_that_was_steered_is_written_again() -> None:
    old = steered()
    assert len(old.changes) == 1
    assert replay(old).equal


def test_a_conversation_is_replayed_from_what_its_turns_read() -> None:
    loaded = load_checkpoint(ref("weaver"))
    network, conversation = NumpyLSTM(loaded.checkpoint), Conversation()
    turns: list[Generation] = []
    for words in ("the sea", "she said", ""):
        context = conversation.context([turn.prompt + turn.text for turn in turns])
        prompt = conversation.prompt(words)
        turns.append(
            generation(
                generate(network, context + prompt, 30, SamplingConfig(1.0), len(turns)),
                context=context,
                prompt=prompt,
                temperature=1.0,
                top_k=0,
                length=30,
                seed=len(turns),
                model="weaver",
                step=100,
                checkpoint_sha256=loaded.sha256,
            )
        )
    assert all(replay(turn).equal for turn in turns)
    assert not replay(dataclasses.replace(turns[-1], context="")).equal


def test_a_text_on_record_may_go_on() -> None:
    old = steered()
    _, loaded = find_writer(old)
    draft = completion_for(old, NumpyLSTM(loaded.checkpoint))
    assert "".join(each.character for each in draft) == old.text
    assert (draft.config, draft.changes) == (SamplingConfig(0), old.changes)
    draft.length += 20
    assert len("".join(each.character for each in draft)) == 20


def test_a_replay_is_cancelled_between_two_characters() -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked == 10

    with pytest.raises(CharloomError, match="cancelled"):
        replay(steered(), cancelled)
    assert asked == 10


def test_of_equal_checkpoints_that_of_the_recorded_model_is_the_writer() -> None:
    old = steered()
    save_model("other", random_checkpoint())
    save_model("zebra", random_checkpoint())
    found, loaded = find_writer(old)
    assert (found, loaded.sha256) == (ref("weaver@100"), old.checkpoint_sha256)
    remove_model("weaver")
    assert find_writer(old)[0] == ref("other@100")


def _replace() -> None:
    save_model("weaver", random_checkpoint(seed=1))


def _damage() -> None:
    damage(checkpoint_path("weaver"))


def _truncate() -> None:
    checkpoint_path("weaver").write_bytes(b"")


@pytest.mark.parametrize(
    ("happen", "fate"),
    [
        (lambda: remove_model("weaver"), "is no longer there"),
        (_replace, "has been replaced by another"),
        (_damage, "is damaged"),
        (_truncate, "is damaged"),
    ],
)
def test_what_became_of_a_writer_is_told(happen: Callable[[], None], fate: str) -> None:
    old = steered()
    save_model("other", random_checkpoint(seed=2))
    happen()
    with pytest.raises(CharloomError) as error:
        find_writer(old)
    assert str(error.value) == (
        f"The checkpoint weaver@100 that wrote this {fate}, so it cannot be written again."
    )


def test_a_damaged_checkpoint_does_not_hide_a_sound_one_of_another_model() -> None:
    old = steered()
    save_model("zebra", random_checkpoint())
    _damage()
    assert find_writer(old)[0] == ref("zebra@100")
