"""AdamW (Loshchilov & Hutter 2019)."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw

_BETAS = (0.9, 0.99)  # decay of the two running means: over about 10 steps, about 100
_EPSILON = 1e-8
_MOMENTS = ("step", "exp_avg", "exp_avg_sq")


class AdamW:
    """AdamW with torch's fused kernel; weight decay applies to matrices, not to biases.

    ``torch.optim.AdamW`` would do the same, but constructing it imports torch's compiler, which
    takes a second at the start of every run.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter], weight_decay: float) -> None:
        self._parameters = parameters
        matrices = [name for name, p in parameters.items() if p.dim() > 1]
        biases = [name for name, p in parameters.items() if p.dim() == 1]
        self._groups = [(matrices, weight_decay), (biases, 0.0)]
        self._state: dict[str, dict[str, Tensor]] = {}
        self.restore({})

    def step(self, learning_rate: float) -> None:
        """Update the weights from their gradients, and clear these."""
        for names, decay in self._groups:
            steps, means, squares = (
                [self._state[name][kind] for name in names] for kind in _MOMENTS
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
                    lr=learning_rate,
                    weight_decay=decay,
                    eps=_EPSILON,
                    maximize=False,
                )
        for parameter in self._parameters.values():
            parameter.grad = None

    def capture(self) -> dict[str, Tensor]:
        """Return copies of the moments of each weight, as ``NAME.exp_avg`` and so on."""
        return {
            f"{name}.{kind}": value.clone()
            for name, state in self._state.items()
            for kind, value in state.items()
        }

    def restore(self, moments: Mapping[str, Tensor]) -> None:
        """Set the moments that :meth:`capture` returned; missing ones become zero."""
        for name, parameter in self._parameters.items():
            fresh = {
                "step": torch.zeros((), device=parameter.device),
                "exp_avg": torch.zeros_like(parameter, requires_grad=False),
                "exp_avg_sq": torch.zeros_like(parameter, requires_grad=False),
            }
            self._state[name] = {
                kind: moments[f"{name}.{kind}"].to(parameter.device, copy=True)
                if f"{name}.{kind}" in moments
                else value
                for kind, value in fresh.items()
            }
