"""How fast a text comes, and how likely the model itself finds it."""

from collections.abc import Sequence

from textual.content import Content
from textual.widgets import Static

from charloom.tui.prompt.candidate import Candidate


class GenerationStats(Static):
    """Three lines, each a number in its place and what it counts."""

    DEFAULT_CSS = """
    GenerationStats { height: 3; padding: 0 1; text-wrap: nowrap; }
    """

    def __init__(self) -> None:
        super().__init__(markup=False)

    def on_mount(self) -> None:
        """Have nothing to show yet."""
        self.show((), None)

    def show(self, passages: Sequence[Candidate], chosen: Candidate | None) -> None:
        """Show the pace of all candidates together, and what the chosen one is like."""
        candidates = [each.candidate for each in passages if each.candidate]
        count = sum(each.count for each in candidates)
        seconds = sum(each.seconds for each in candidates)
        pace = f"{count / seconds:,.0f}" if seconds else "–"
        probability = bits = "–"
        if chosen and (made := chosen.candidate) and made.count:
            probability = f"{made.probability / made.count:.3f}"
            bits = f"{made.bits / made.count:.2f}"
        elif chosen and (stored := chosen.keepsake.stored):
            pace = f"{stored.chars_per_second:,.0f}"
            bits = bits if stored.bits_per_char is None else f"{stored.bits_per_char:.2f}"
        lines = ((pace, "characters/s"), (probability, "mean prob."), (bits, "bits/char"))
        self.update(
            Content("\n").join(
                Content.assemble((f"{figure:>8}", "bold"), (f" {what}", "$text-muted"))
                for figure, what in lines
            )
        )
