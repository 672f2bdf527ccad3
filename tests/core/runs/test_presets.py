import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from charloom.core.config import ModelConfig, TrainConfig
from charloom.core.errors import CharloomError
from charloom.core.runs.presets import (
    BOUNDS,
    PRESETS,
    auto_preset,
    character_cost,
    shrink_to_fit,
    widen,
)


def bounds(training: TrainConfig) -> dict[str, float]:
    given = {name: getattr(training, name) for name in BOUNDS}
    return {name: value for name, value in given.items() if value is not None}


def test_the_notebook_is_the_reference_setting() -> None:
    model, training = PRESETS["notebook"].configs(60, {})
    assert (training.batch_size, training.window) == (36, 48)
    assert (model.embedding_dim, model.hidden_size, model.layers) == (48, 96, 1)
    assert training.batching == "shuffled"


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_makes_full_settings_with_one_bound(name: str) -> None:
    model, training = PRESETS[name].configs(60, {})
    assert model.vocab_size == 60
    assert len(bounds(training)) == 1


@pytest.mark.parametrize("name", PRESETS)
def test_what_is_chosen_wins_and_the_rest_stays(name: str) -> None:
    plain_model, plain = PRESETS[name].configs(60, {})
    chosen = {"hidden_size": 17, "layers": 2, "batch_size": 5, "learning_rate": 0.25, "seed": 7}
    model, training = PRESETS[name].configs(60, chosen)
    assert (model.hidden_size, model.layers) == (17, 2)
    assert (training.batch_size, training.learning_rate, training.seed) == (5, 0.25, 7)
    assert model.embedding_dim == plain_model.embedding_dim
    assert (training.window, training.batching) == (plain.window, plain.batching)
    assert bounds(training) == bounds(plain)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("bound", BOUNDS)
def test_a_bound_that_is_chosen_takes_the_place_of_the_presets(name: str, bound: str) -> None:
    _, training = PRESETS[name].configs(60, {bound: 2})
    assert bounds(training) == {bound: 2}


@pytest.mark.parametrize(
    ("hidden", "layers", "rate"), [(512, 1, 0.024), (512, 2, 0.012), (192, 2, 0.03), (96, 4, 0.03)]
)
def test_wide_networks_and_those_of_several_layers_learn_at_lower_rates(
    hidden: int, layers: int, rate: float
) -> None:
    _, training = PRESETS["medium"].configs(60, {"hidden_size": hidden, "layers": layers})
    assert training.learning_rate == rate


def test_a_choice_out_of_range_is_refused() -> None:
    with pytest.raises(CharloomError, match="‘hidden’"):
        PRESETS["small"].configs(60, {"hidden_size": 0})


@given(
    characters=st.integers(30, 10**9),
    seconds=st.floats(1, 1e6),
    speed=st.floats(1, 1e8),
    vocab_size=st.integers(2, 65_536),
)
@example(characters=30, seconds=1.0, speed=0.0, vocab_size=2)  # a speed that could not be measured
def test_auto_makes_valid_settings_for_any_text_time_and_machine(
    characters: int, seconds: float, speed: float, vocab_size: int
) -> None:
    model, training = auto_preset(characters, seconds, speed, vocab_size).configs(vocab_size, {})
    assert bounds(training) == {"minutes": pytest.approx(seconds / 60)}
    assert model.embedding_dim <= model.hidden_size


@given(
    characters=st.integers(30, 10**8),
    seconds=st.floats(1, 5e4),
    speed=st.floats(1, 1e7),
    more=st.floats(1, 100),
)
def test_auto_takes_no_smaller_network_for_more_text_time_or_speed(
    characters: int, seconds: float, speed: float, more: float
) -> None:
    def hidden(characters: int, seconds: float, speed: float) -> int:
        model, _ = auto_preset(characters, seconds, speed).configs(60, {})
        return model.hidden_size

    plain = hidden(characters, seconds, speed)
    assert hidden(int(characters * more), seconds, speed) >= plain
    assert hidden(characters, seconds * more, speed) >= plain
    assert hidden(characters, seconds, speed * more) >= plain


def test_auto_grows_with_text_and_with_time() -> None:
    def hidden(characters: int, seconds: float) -> int:
        return auto_preset(characters, seconds, 50_000).configs(60, {})[0].hidden_size

    assert hidden(1_000_000, 10) < hidden(1_000_000, 120) < hidden(1_000_000, 3_600)
    assert hidden(5_000, 3_600) < hidden(1_000_000, 3_600)


def test_auto_takes_time_for_a_large_vocabulary_into_account() -> None:
    # With 22,613 characters, a smaller network saves less time.
    def hidden(vocab_size: int) -> int:
        preset = auto_preset(1_000_000, 550, 200, vocab_size)
        return preset.configs(vocab_size, {})[0].hidden_size

    assert hidden(22_613) < hidden(80)


@pytest.mark.parametrize(
    ("vocab_size", "hidden", "layers", "speed"),
    [
        (256, 512, 1, 18_925),
        (1_000, 512, 1, 15_328),
        (1_500, 512, 1, 16_247),
        (5_000, 512, 1, 14_700),
        (20_000, 512, 1, 10_457),
        (50_000, 512, 1, 7_229),
        (65, 192, 1, 110_457),
        (1_000, 192, 1, 56_617),
        (1_500, 192, 1, 56_820),
        (5_000, 192, 1, 47_608),
        (20_000, 192, 1, 36_198),
        (50_000, 192, 1, 19_294),
        (20_000, 1_024, 1, 3_061),
        (65, 96, 1, 210_766),
        (65, 320, 1, 45_794),
        (65, 768, 1, 7_676),
        (65, 1_024, 1, 3_885),
        (65, 2_048, 1, 884),
        (65, 512, 2, 6_932),
        (65, 512, 3, 3_833),
        (65, 512, 4, 2_840),
    ],
)
def test_the_cost_predicts_speeds_that_were_measured(
    vocab_size: int, hidden: int, layers: int, speed: float
) -> None:
    def cost(vocab_size: int, hidden: int, layers: int) -> float:
        return character_cost(
            ModelConfig(vocab_size, embedding_dim=64, hidden_size=hidden, layers=layers)
        )

    predicted = 20_571 * cost(65, 512, 1) / cost(vocab_size, hidden, layers)
    assert predicted / speed == pytest.approx(1, abs=0.3)


def test_auto_drops_out_more_the_more_often_a_text_is_read() -> None:
    short, long = (auto_preset(n, 600, 50_000).configs(60, {})[0] for n in (100_000, 100_000_000))
    assert short.dropout > long.dropout == 0


@pytest.mark.parametrize(
    ("characters", "lanes"), [(100_000, 32), (1_000_000, 128), (100_000_000, 1_024)]
)
def test_a_gpu_gets_more_lanes_the_longer_the_text_is(characters: int, lanes: int) -> None:
    narrow = TrainConfig(batch_size=32, window=32, learning_rate=0.01)
    wide = widen(narrow, characters, {})
    assert wide.batch_size == lanes
    assert (wide == narrow) == (lanes == 32)
    if wide != narrow:
        assert wide.steps_per_epoch(characters) >= 100
        assert wide.learning_rate == pytest.approx(min(0.03, 0.01 * (lanes / 32) ** 0.5))


def test_on_a_gpu_too_the_user_chooses() -> None:
    narrow = TrainConfig(batch_size=32, window=32, learning_rate=0.01, minutes=1)
    wide = widen(narrow, 10**8, {"window": 32, "learning_rate": 0.01})
    assert (wide.window, wide.learning_rate, wide.minutes) == (32, 0.01, 1)
    assert wide.batch_size == 1_024
    assert widen(narrow, 10**8, {"batch_size": 32}) == narrow


@pytest.mark.parametrize("order", ["shuffled", "contiguous"])
def test_a_long_text_is_trained_on_as_it_was_asked(order: str) -> None:
    settings = TrainConfig(batch_size=36, window=48, batching=order)
    assert shrink_to_fit(settings, 100_000) == (settings, "")


@pytest.mark.parametrize("characters", [29, 150, 1_000, 10_000])
def test_settings_shrink_for_a_short_text_and_say_so(characters: int) -> None:
    settings = TrainConfig(batch_size=64, window=256)
    fitted, note = shrink_to_fit(settings, characters)
    assert (fitted.batch_size, fitted.window) < (64, 256)
    assert f"batch {fitted.batch_size} " in note and f"window {fitted.window}." in note
    assert note.startswith("The text is short")


def test_windows_that_may_start_anywhere_need_less_text_than_lanes() -> None:
    # One epoch over 10,000 characters has 276 batches of shuffled windows, and 5 of lanes.
    assert (
        shrink_to_fit(TrainConfig(batch_size=36, window=48, batching="shuffled"), 10_000)[1] == ""
    )
    assert (
        shrink_to_fit(TrainConfig(batch_size=36, window=48, batching="contiguous"), 10_000)[1] != ""
    )


@given(
    batch=st.integers(1, 4096),
    window=st.integers(1, 4096),
    order=st.sampled_from(["shuffled", "contiguous"]),
    characters=st.integers(0, 10**6),
)
def test_what_fits_can_be_trained_and_what_cannot_is_refused(
    batch: int, window: int, order: str, characters: int
) -> None:
    settings = TrainConfig(batch_size=batch, window=window, batching=order)
    try:
        fitted, note = shrink_to_fit(settings, characters)
    except CharloomError as refusal:
        assert "hold out a smaller share" in str(refusal)
        assert characters <= 9  # even the smallest batch and window need more
        return
    assert fitted.steps_per_epoch(characters) >= 1
    assert fitted.batch_size <= batch and fitted.window <= window
    assert (fitted == settings) == (note == "")
