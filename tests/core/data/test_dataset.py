from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from charloom.core.config import TrainConfig
from charloom.core.data.dataset import (
    ContiguousSampler,
    ShuffledSampler,
    WindowDataset,
    batches,
)
from charloom.core.data.vocab import Vocab

CPU = torch.device("cpu")


def test_labels_are_the_features_shifted_by_one() -> None:
    vocab = Vocab.from_text("hello")
    windows = WindowDataset(torch.from_numpy(vocab.encode("hello")), 3)
    read = [(vocab.decode(f.numpy()), vocab.decode(label.numpy())) for f, label in windows]  # type: ignore[attr-defined]
    assert read == [("hel", "ell"), ("ell", "llo")]


def test_there_is_a_window_for_every_start_that_leaves_room_for_its_labels() -> None:
    ids = torch.arange(100, 150)
    windows = WindowDataset(ids, 7)
    assert len(windows) == 50 - 7
    for start in range(len(windows)):
        features, labels = windows[start]
        assert features.tolist() == ids[start : start + 7].tolist()
        assert labels.tolist() == ids[start + 1 : start + 8].tolist()
    with pytest.raises(IndexError):
        windows[len(windows)]


def test_a_batch_fetched_at_once_is_its_windows_one_by_one() -> None:
    windows = WindowDataset(torch.arange(50), 7)
    starts = torch.tensor([3, 0, 42, 3])
    batch = windows[starts]
    for row, start in enumerate(starts.tolist()):
        assert torch.equal(batch.features[row], windows[start].features)
        assert torch.equal(batch.labels[row], windows[start].labels)


@pytest.mark.parametrize("order", ["shuffled", "contiguous"])
def test_the_loader_gives_batches_of_b_by_t(order: str) -> None:
    settings = TrainConfig(batch_size=3, window=5, batching=order)
    loader = batches(torch.arange(100), settings, epoch=0)
    seen = list(loader)
    assert len(seen) == len(loader) == settings.steps_per_epoch(100) > 1
    for features, labels in seen:
        assert features.shape == labels.shape == (3, 5)
        assert features.dtype == labels.dtype == torch.int64
        assert torch.equal(labels, features + 1)


def shuffled(seed: int, epoch: int) -> ShuffledSampler:
    return ShuffledSampler(100, TrainConfig(batch_size=8, seed=seed), epoch, 0, CPU)


def contiguous(epoch: int) -> ContiguousSampler:
    return ContiguousSampler(1_000, TrainConfig(batch_size=4, window=10), epoch, 0, CPU)


def test_a_shuffled_epoch_visits_every_window_once_but_the_rest_of_a_batch() -> None:
    starts = torch.cat(list(shuffled(seed=1, epoch=0))).tolist()
    assert len(starts) == len(set(starts)) == 96
    assert set(starts) <= set(range(100))


@pytest.mark.parametrize("other", [{"seed": 2, "epoch": 0}, {"seed": 1, "epoch": 1}])
def test_the_order_depends_on_seed_and_epoch_alone(other: dict[str, Any]) -> None:
    first = torch.stack(list(shuffled(seed=1, epoch=0)))
    assert torch.equal(first, torch.stack(list(shuffled(seed=1, epoch=0))))
    assert not torch.equal(first, torch.stack(list(shuffled(**other))))


def test_each_lane_goes_on_where_its_last_window_ended() -> None:
    for before, after in pairwise(contiguous(epoch=3)):
        assert torch.equal(after, before + 10)


def test_lanes_begin_elsewhere_in_every_epoch() -> None:
    begins = {int(next(iter(contiguous(epoch=e)))[0]) for e in range(20)}
    assert len(begins) > 5


@given(
    characters=st.integers(2, 3_000),
    window=st.integers(1, 60),
    batch=st.integers(1, 40),
    seed=st.integers(0, 2**63 - 1),
)
def test_lanes_never_overlap_and_never_run_past_the_end(
    characters: int, window: int, batch: int, seed: int
) -> None:
    settings = TrainConfig(batch_size=batch, window=window, seed=seed)
    if characters - window < batch or settings.steps_per_epoch(characters) < 1:
        return
    ids = torch.arange(characters)
    features = torch.stack([batch.features for batch in batches(ids, settings, 0)])
    labels = torch.stack([batch.labels for batch in batches(ids, settings, 0)])
    assert len(features) == settings.steps_per_epoch(characters)
    assert len(set(features.flatten().tolist())) == features.numel()
    assert int(labels.max()) < characters


@given(
    characters=st.integers(2, 2_000),
    window=st.integers(1, 60),
    batch=st.integers(1, 40),
    epoch=st.integers(0, 10_000),
)
def test_an_epoch_of_shuffled_windows_has_the_steps_that_were_counted(
    characters: int, window: int, batch: int, epoch: int
) -> None:
    settings = TrainConfig(batch_size=batch, window=window, batching="shuffled")
    if settings.steps_per_epoch(characters) < 1:
        return
    seen = list(batches(torch.arange(characters), settings, epoch))
    assert len(seen) == settings.steps_per_epoch(characters)
    starts = torch.cat([each.features[:, 0] for each in seen]).tolist()
    assert len(set(starts)) == len(starts) == len(seen) * batch > characters - window - batch
    assert min(starts) >= 0 and max(starts) < characters - window


@pytest.mark.parametrize("order", ["shuffled", "contiguous"])
@pytest.mark.parametrize("first_step", [1, 300, 332, 333])
def test_batches_from_a_step_on_are_those_of_the_whole_epoch(order: str, first_step: int) -> None:
    config = TrainConfig(batch_size=3, window=1, batching=order)
    ids = torch.arange(1_000)
    whole = [batch.features for batch in batches(ids, config, epoch=2)]
    rest = [batch.features for batch in batches(ids, config, 2, first_step)]
    assert len(whole) == 333
    assert len(rest) == 333 - first_step
    assert all(map(torch.equal, rest, whole[first_step:]))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_ids_of_one_or_two_bytes_in_a_mapped_file_give_the_same_batches(
    tmp_path: Path, dtype: type[np.unsignedinteger]
) -> None:
    ids = np.arange(60_000) % np.iinfo(dtype).max
    np.save(tmp_path / "ids.npy", ids.astype(dtype))
    mapped = torch.from_numpy(np.load(tmp_path / "ids.npy", mmap_mode="c"))
    config = TrainConfig(batch_size=3, window=5)
    batch = next(iter(batches(mapped, config, epoch=0)))
    expected = next(iter(batches(torch.from_numpy(ids), config, epoch=0)))
    assert batch.features.dtype == batch.labels.dtype == torch.int64
    assert torch.equal(batch.features, expected.features)
    assert torch.equal(batch.labels, expected.labels)


@pytest.mark.parametrize("order", ["shuffled", "contiguous"])
def test_no_window_that_is_trained_on_sees_what_is_held_out(order: str) -> None:
    train, held_out = torch.arange(500).tensor_split([450])
    settings = TrainConfig(batch_size=4, window=10, batching=order)
    seen = torch.cat([torch.cat(each, 1) for e in range(5) for each in batches(train, settings, e)])
    assert int(seen.max()) < int(held_out.min()) == 450
