import math

import pytest
import torch

from charloom.core.training.divergence import DivergenceDetector


def test_a_falling_noisy_loss_is_accepted() -> None:
    detector = DivergenceDetector(math.log(65), math.log(65))
    noise = torch.randn(2_000, generator=torch.Generator().manual_seed(1)).tolist()
    assert all(detector.accept(1.5 + 2.7 * 0.99**i + 0.3 * n, 1.0) for i, n in enumerate(noise))


@pytest.mark.parametrize(
    "bad", [(math.nan, 1.0), (math.inf, 1.0), (1.5, math.nan), (1.5, math.inf)]
)
def test_the_detector_rejects_a_loss_or_gradient_that_is_no_number(
    bad: tuple[float, float],
) -> None:
    detector = DivergenceDetector(2.0, 2.0)
    assert detector.accept(1.9, 1.0)
    assert not detector.accept(*bad)
    assert detector.accept(1.9, 1.0)


def test_the_detector_rejects_a_sudden_rise_within_a_few_steps() -> None:
    detector = DivergenceDetector(2.0, 2.0)
    assert all(detector.accept(1.5, 1.0) for _ in range(100))
    assert not all(detector.accept(5.0, 1.0) for _ in range(5))
    assert detector.accept(1.5, 1.0)
