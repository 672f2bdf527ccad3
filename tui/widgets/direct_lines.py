"""A widget that is drawn often: its lines come straight from ``render_line``."""

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from charloom.tui.textual_patches import clear_styles_cache


class DirectLines(Widget):
    """Has no border and no padding; each line is in the width of the widget.

    Textual's own way adds these and caches the lines, which takes longer than making them.
    """

    def render_lines(self, crop: Region) -> list[Strip]:
        clear_styles_cache(self)
        background = self.background_colors[1]
        strips = [self.render_line(y) for y in crop.line_range]
        for line_filter in self.get_line_filters():
            strips = [strip.apply_filter(line_filter, background) for strip in strips]
        if crop.column_span != (0, self.size.width):
            strips = [strip.crop(*crop.column_span) for strip in strips]
        return strips
