"""What a campaign of faults comes to."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Report:
    """How often something was done to Charloom, and whether it kept its promise every time."""

    fault: str
    """What was done, in a few words."""
    cases: int = 0
    broken: list[str] = field(default_factory=list)
    """A sentence for every case in which the promise was broken."""
    seen: list[str] = field(default_factory=list)
    """What was counted or measured, each with its unit."""

    def hold(self, promise: bool, otherwise: str) -> None:
        """Note the sentence ``otherwise`` unless the ``promise`` was kept."""
        if not promise:
            self.broken.append(otherwise)


def markdown(reports: Sequence[Report]) -> str:
    """Return ``reports`` as a Markdown table."""
    lines = ["| fault | cases | promise broken | seen |", "|---|--:|--:|---|"]
    lines += [
        f"| {each.fault} | {each.cases:,} | {len(each.broken):,} | {'; '.join(each.seen)} |"
        for each in reports
    ]
    return "\n".join(lines)
