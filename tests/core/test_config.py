import json
import math
from collections.abc import Callable
from dataclasses import Field, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom.core.config import ModelConfig, TrainConfig
from charloom.core.errors import CharloomError
from charloom.core.settings import option_name

Settings = type[ModelConfig] | type[TrainConfig]
BOUNDS = ("minutes", "epochs", "steps")


KINDS: list[Settings] = [ModelConfig, TrainConfig]
NUMBERS = [
    pytest.param(kind, each, id=each.name)
    for kind in KINDS
    for each in fields(kind)
    if "low" in each.metadata
]


def make(kind: Settings, **chosen: Any) -> ModelConfig | TrainConfig:
    # A batch that is large enough for any number of processes.
    return kind.from_json({"vocab_size" if kind is ModelConfig else "batch_size": 4096} | chosen)


@pytest.mark.parametrize(("kind", "number"), NUMBERS)
def test_a_number_may_be_at_either_end_of_its_range_and_not_beyond(
    kind: Settings, number: Field[Any]
) -> None:
    low, high = number.metadata["low"], number.metadata["high"]
    beyond = (low - 1, high + 1)
    if isinstance(low, float):
        beyond = (math.nextafter(low, -math.inf), math.nextafter(high, math.inf))
    for value in (low, high):
        assert getattr(make(kind, **{number.name: value}), number.name) == value
    option = option_name(number)
    for value in beyond:
        with pytest.raises(CharloomError, match=f"^‘{option}’ is a") as refusal:
            make(kind, **{number.name: value})
        assert f"{low:,} to {high:,}, not {value!r}." in str(refusal.value)


@pytest.mark.parametrize(("kind", "number"), NUMBERS)
@pytest.mark.parametrize(
    "wrong", [math.nan, math.inf, -math.inf, 10**400, -(10**400), "3", True, [1], {}, 1j]
)
def test_what_is_no_number_in_range_is_refused_by_the_options_name(
    kind: Settings, number: Field[Any], wrong: object
) -> None:
    with pytest.raises(CharloomError, match=f"‘{option_name(number)}’"):
        make(kind, **{number.name: wrong})


@pytest.mark.parametrize("name", ["batching", "batch_size", "learning_rate"])
@pytest.mark.parametrize("wrong", ["\U0010ffff" * 1_000, 10**400])
def test_what_is_very_long_is_shortened_in_the_sentence(name: str, wrong: object) -> None:
    with pytest.raises(CharloomError, match=r"not .{60}…\.$") as refusal:
        make(TrainConfig, **{name: wrong})
    assert len(str(refusal.value)) < 200


@pytest.mark.parametrize("name", ["steps", "window", "seed", "threads"])
def test_a_whole_number_is_asked_for_where_a_fraction_makes_no_sense(name: str) -> None:
    with pytest.raises(CharloomError, match=f"‘{name}’ is a whole number"):
        TrainConfig.from_json({name: 2.0})


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"batching": "random"}, "‘order’ is one of shuffled, contiguous, not 'random'."),
        ({"precision": None}, "‘precision’ is one of"),
        ({"device": ["cpu"]}, "‘device’ is one of auto, cpu, cuda, mps"),
        ({"batch_size": None}, "‘batch’ needs a number."),
        ({"colour": 1}, "no setting called 'colour'"),
        ({"steps": 1, "minutes": 1}, "‘steps’ cannot be combined with minutes."),
        ({"epochs": 1, "minutes": 1}, "‘epochs’ cannot be combined with minutes"),
    ],
)
def test_a_wrong_choice_is_a_clear_error(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(CharloomError) as refusal:
        TrainConfig.from_json(wrong)
    assert words in str(refusal.value)
    assert str(refusal.value).endswith(".") and "\n" not in str(refusal.value)


def test_a_model_needs_the_size_of_its_vocabulary() -> None:
    with pytest.raises(CharloomError, match="incomplete"):
        ModelConfig.from_json({"hidden_size": 4})


@pytest.mark.parametrize("wrong", [None, 1, "yes"])
def test_a_flag_is_on_or_off(wrong: object) -> None:
    with pytest.raises(CharloomError, match="‘tied’ is either on or off"):
        ModelConfig.from_json({"vocab_size": 9, "tie_weights": wrong})


def test_tied_weights_need_matrices_of_one_shape() -> None:
    assert ModelConfig(9, embedding_dim=8, hidden_size=8, tie_weights=True).tie_weights
    with pytest.raises(
        CharloomError, match="‘tied’ needs embedding and hidden size to be equal, not 4 and 8"
    ):
        ModelConfig(9, embedding_dim=4, hidden_size=8, tie_weights=True)


def values(setting: Field[Any]) -> st.SearchStrategy[Any]:
    limits = setting.metadata
    if "choices" in limits:
        return st.sampled_from(limits["choices"])
    if "low" not in limits:
        return st.booleans()
    kind = st.integers if isinstance(limits["low"], int) else st.floats
    return kind(limits["low"], limits["high"])


def valid(kind: Settings, leave: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({f.name: values(f) for f in fields(kind) if f.name not in leave})


@given(valid(TrainConfig, BOUNDS), st.sampled_from(BOUNDS))
def test_training_settings_survive_json(chosen: dict[str, Any], bound: str) -> None:
    processes = min(chosen["processes"], chosen["batch_size"])
    settings = TrainConfig.from_json(chosen | {bound: 1, "processes": processes})
    assert TrainConfig.from_json(json.loads(json.dumps(settings.to_json()))) == settings


@given(valid(ModelConfig, ("tie_weights",)))
def test_model_settings_survive_json(chosen: dict[str, Any]) -> None:
    settings = ModelConfig.from_json(chosen)
    assert ModelConfig.from_json(json.loads(json.dumps(settings.to_json()))) == settings


def test_settings_cannot_be_changed_past_their_checks() -> None:
    settings = TrainConfig()
    change: Callable[..., None] = setattr
    with pytest.raises(AttributeError):
        change(settings, "batch_size", -1)
