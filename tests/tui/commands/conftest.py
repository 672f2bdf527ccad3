"""Fixtures that several tests share."""

from pathlib import Path

import pytest

from charloom.core.model.metadata import Losses
from tests.helpers.factories import random_checkpoint, save_model


@pytest.fixture
def weaver() -> Path:
    """A model called "weaver", with two checkpoints of which the first is the better."""
    better, worse = Losses(validation=1.0), Losses(validation=2.0)
    save_model("weaver", random_checkpoint(seed=1, step=200, losses=worse))
    return save_model("weaver", random_checkpoint(step=100, losses=better))
