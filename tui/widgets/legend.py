"""What the levels of a scale look like, and from which number on each begins."""

from textual.content import Content
from textual.widgets import Static

from charloom.tui.widgets.color_scale import ColorScale


class HeatmapLegend(Static):
    """One line: ``bits  <1  1  2  4  6  9+``, each on its ground, or after its mark."""

    DEFAULT_CSS = """
    HeatmapLegend { height: 1; text-wrap: nowrap; }
    """

    def __init__(self) -> None:
        super().__init__(markup=False)

    def show(self, scale: ColorScale, *, marks: bool, more: str = "") -> None:
        """Show the levels of ``scale``, and after them what ``more`` there is to say."""
        pieces = [Content.styled(f"{scale.unit} ", "$text-muted")]
        for ground, mark, label in zip(scale.grounds, scale.marks, scale.labels, strict=True):
            style = f"${ground}-ink on ${ground}" if ground and not marks else ""
            pieces.append(Content.styled(f"{mark} {label} " if marks else f" {label} ", style))
        self.update(Content("").join([*pieces, Content.styled(f"  {more}", "$text-muted")]))
