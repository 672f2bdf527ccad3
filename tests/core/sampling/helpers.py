"""What several tests share."""

import math

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from charloom.core.sampling.config import SamplingConfig

LOGITS = st.lists(
    st.one_of(st.floats(-30, 30, width=32), st.sampled_from([0.0, 1.0])), min_size=1, max_size=12
).map(lambda values: np.array(values, np.float32))
SETTINGS = st.builds(
    SamplingConfig,
    st.one_of(st.just(0.0), st.just(1.0), st.floats(0.05, 10)),
    st.integers(0, 14),
    st.one_of(st.just(1.0), st.floats(0.01, 1)),
    st.one_of(st.just(0.0), st.just(1.0), st.floats(0, 1)),
)


def chances(logits: NDArray[np.float32], temperature: float) -> list[float]:
    """Softmax at a temperature, slowly."""
    scaled = [float(each) / temperature for each in logits]
    exponentials = [math.exp(each - max(scaled)) for each in scaled]
    return [each / math.fsum(exponentials) for each in exponentials]
