"""AdamW (Loshchilov & Hutter 2019)."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw

_BETAS = (0.9, 0.99)  # decay of the two running means: over about 10 steps, about 100
_EPSILON = 1e-8
_HEAD_RATE = 3.0  # times the learning rate: what was best, see tests/bench/sweep.md
_MOMENTS = ("step", "exp_avg", "exp_avg_sq")


def rate_factor(name: str) -> float:
    """Return the factor on the learning rate of the weights that checkpoints call ``name``."""
    return _HEAD_RATE if name.startswith("head.") else 1.0


class AdamW:
    """AdamW with torch's fused kernel; weight decay applies to matrices, not to biases.

    The weights of Linear learn faster than the others, see :func:`rate_factor`.

    ``torch.optim.AdamW`` would do the same, but constructing it imports torch's compiler, which
    takes a second at the start of every run.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter], weight_decay: float) -> None:
        self._parameters = parameters
        self._groups: dict[tuple[float, float], list[str]] = {}
        for name, parameter in parameters.items():
            decay = weight_decay if parameter.dim() > 1 else 0.0
            self._groups.setdefault((rate_factor(name), decay), []).append(name)
        self._moments: dict[str, Tensor] = {}
        self.restore({})

    def step(self, learning_rate: float) -> None:
        """Update the weights from their gradients, and clear these."""
        for (scale, decay), names in self._groups.items():
            steps, means, squares = (
                [self._moments[f"{name}.{kind}"] for name in names] for kind in _MOMENTS
            )
            parameters = [self._parameters[name] for name in names]
            with torch.no_grad():
                adamw(
                    parameters,  # type: ignore[arg-type]
                    [p.grad for p in parameters],  # type: ignore[misc]
                    means,
                    squares,
                    max_exp_avg_sqs=[],
                    state_steps=steps,
                    fused=True,
                    amsgrad=False,
                    beta1=_BETAS[0],
                    beta2=_BETAS[1],
                    lr=scale * learning_rate,
                    weight_decay=decay,
                    eps=_EPSILON,
                    maximize=False,
                )
        for parameter in self._parameters.values():
            parameter.grad = None

    def capture(self) -> dict[str, Tensor]:
        """Return copies of the moments of each weight, as ``NAME.exp_avg`` and so on."""
        return {name: value.clone() for name, value in self._moments.items()}

    def means(self) -> list[Tensor]:
        """Return the running means themselves, without the numbers of steps."""
        return [moment for name, moment in self._moments.items() if not name.endswith(".step")]

    def restore(self, moments: Mapping[str, Tensor]) -> None:
        """Set the moments that :meth:`capture` returned; missing ones become zero."""
        for name, parameter in self._parameters.items():
            for kind in _MOMENTS:
                shape = () if kind == "step" else parameter.shape
                moment = moments.get(f"{name}.{kind}", torch.zeros(shape))
                self._moments[f"{name}.{kind}"] = moment.to(parameter.device, copy=True)
