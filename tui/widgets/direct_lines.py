"""A widget that is drawn often: its lines come straight from ``render_line``."""

from rich.style import Style
from textual.color import Color
from textual.geometry import Region
from textual.strip import Strip

from charloom.tui.textual_patches import LaidOutOnce, clear_styles_cache


class DirectLines(LaidOutOnce):
    """Has no border and no padding; each line is in the width of the widget.

    Textual's own way adds these, caches the lines and asks all ancestors for their colours, which
    takes longer than making the lines.
    """

    _styles: dict[str, Style] | None = None  # by component; "": of the widget itself
    _background: Color | None = None

    def render_lines(self, crop: Region) -> list[Strip]:
        clear_styles_cache(self)
        if self._background is None:
            self._background = self.background_colors[1]
        strips = [self.render_line(y) for y in crop.line_range]
        for line_filter in self.get_line_filters():
            strips = [strip.apply_filter(line_filter, self._background) for strip in strips]
        if crop.column_span != (0, self.size.width):
            strips = [strip.crop(*crop.column_span) for strip in strips]
        return strips

    def component_style(self, name: str = "", *, partial: bool = False) -> Style:
        """Return the style of a component, or of the widget; it is the same until they change.

        ``partial``: without the style of the widget. A component is always asked for in one way.
        """
        if self._styles is None:
            self._styles = {"": self.rich_style}
        if name not in self._styles:
            self._styles[name] = self.get_component_rich_style(name, partial=partial)
        return self._styles[name]

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles = self._background = None
