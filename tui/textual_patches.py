"""Changes of Textual's private methods, each checked against Textual 8.2.8.

An update of Textual needs a look at this file, at ``Palette``, and at the attributes ``_driver``,
``_keymap`` and ``_screen_stacks`` of the app, which a few modules read.
"""

import codecs
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from io import StringIO
from typing import TYPE_CHECKING, Any

from rich.console import Console, RenderableType
from rich.segment import Segment
from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region, Size
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget
from textual.worker import WorkerFailed

_SAVE_CURSOR, _RESTORE_CURSOR = "\x1b7", "\x1b8"  # DECSC, DECRC

if TYPE_CHECKING:
    from textual.app import App

    _App = App[None]
else:
    _App = object


def clear_styles_cache(widget: Widget) -> None:
    """Drop the lines that ``widget`` has cached.

    A widget with its own ``render_lines`` never reads that cache, but Textual goes on recording
    every changed line in it.
    """
    widget._styles_cache.clear()


def tolerate_invalid_bytes() -> None:
    """Decode bytes from the terminal that are not UTF-8 as replacement characters.

    Otherwise one key from a terminal with another encoding ends the app. Not for Windows.
    """
    from textual.drivers import linux_driver

    linux_driver.getincrementaldecoder = (  # type: ignore[attr-defined]
        lambda name: partial(codecs.getincrementaldecoder(name), "replace")
    )


def place_segments(has_uncertain_width: Callable[[str], bool]) -> None:
    """Make the terminal place what follows a text of uncertain width where Textual expects it.

    Terminals differ in the columns of emoji sequences and of spacing marks, and what comes after
    them in a row, such as a panel, would move. Such a text is written over as many spaces as
    Textual counts columns, and the cursor is then set to their end.
    """
    render = Strip.render

    def render_placed(strip: Strip, console: Console) -> str:
        if strip._render_cache is None and any(has_uncertain_width(part.text) for part in strip):
            segments = []
            for part in strip:
                columns = part.cell_length
                if columns and has_uncertain_width(part.text):
                    blank = Segment(" " * columns, part.style)
                    after = Segment(f"{_RESTORE_CURSOR}\x1b[{columns}C")
                    save, restore = Segment(_SAVE_CURSOR), Segment(_RESTORE_CURSOR)
                    segments += [save, blank, restore, save, part, after]
                else:
                    segments.append(part)
            strip._render_cache = render(Strip(segments), console)
        return render(strip, console)

    Strip.render = render_placed  # type: ignore[method-assign,assignment]


def render_changed_rows() -> None:
    """Render only what a partial update of the screen draws: its rows, and no hidden widget.

    Textual itself renders all visible rows of every widget that shares a container with the
    update, and all widgets between two parts of it, which takes more than half of the time of a
    picture of a growing text.
    """
    parts: dict[Compositor, list[Region]] = {}  # of the update that each renders now
    render_partial_update = Compositor.render_partial_update

    def update(compositor: Compositor) -> ChopsUpdate | None:
        parts[compositor] = [*compositor._dirty_regions]
        try:
            return render_partial_update(compositor)
        finally:
            del parts[compositor]

    def renders(
        compositor: Compositor, crop: Region | None = None
    ) -> Iterator[tuple[Region, Region, list[Strip]]]:
        missing = parts.get(compositor) or [crop or compositor.size.region]
        for widget, (region, clip) in compositor.visible_widgets.items():  # from the front
            touched = [part for part in missing if region.overlaps(part) and clip.overlaps(part)]
            if not touched:
                continue
            first, last = min(part.y for part in touched), max(part.bottom for part in touched)
            covered = region.intersection(clip)
            clip = clip.intersection(Region(0, first, compositor.size.width, last - first))
            if visible := region.intersection(clip):
                yield region, clip, widget.render_lines(visible.translate(-region.offset))
                missing = [rest for part in missing for rest in _without(part, covered)]
                if not missing:
                    break

    Compositor.render_partial_update = update  # type: ignore[method-assign,assignment]
    Compositor._get_renders = renders  # type: ignore[method-assign,assignment]


def _without(part: Region, hole: Region) -> list[Region]:
    """Return up to four regions that together are ``part`` without ``hole``."""
    x, y, _, height = hole = part.intersection(hole)
    if not hole:
        return [part]
    rests = (
        Region(part.x, part.y, part.width, y - part.y),
        Region(part.x, hole.bottom, part.width, part.bottom - hole.bottom),
        Region(part.x, y, x - part.x, height),
        Region(hole.right, y, part.right - hole.right, height),
    )
    return [rest for rest in rests if rest]


class LaidOutOnce(Widget):
    """Mixin for a widget that grows often: a layout that only makes it higher requests no other.

    Textual would lay out and draw the whole screen again, with the same result. A layout that
    shows or hides a scrollbar still does.
    """

    def _size_updated(
        self,
        size: Size,
        virtual_size: Size,
        container_size: Size,
        layout: bool = True,
    ) -> bool:
        wider = self._size.width != size.width or self.virtual_size.width != virtual_size.width
        return super()._size_updated(size, virtual_size, container_size, layout and wider)


def draw_now(screen: Screen[Any], widgets: Iterable[Widget]) -> None:
    """Draw what was refreshed of ``widgets``, unless a layout comes first or ``screen`` is covered.

    Textual itself would draw them after four messages and a timer, which take as long as drawing.
    """
    visible = {widget for widget in widgets if widget in screen._compositor.visible_widgets}
    if (
        not screen.is_current
        or screen.app._batch_count
        or screen._layout_required
        or any(widget._layout_required for widget in visible)
    ):
        return
    for widget in visible:
        widget._repaint_required = False
    screen._compositor.update_widgets(visible)
    screen._compositor_refresh()


class CrashRecorder(_App):
    """Mixin for an app that collects unhandled exceptions in ``crashes`` and exits.

    Textual itself would print the tracebacks, with local variables, over the user's terminal.
    """

    crashes: list[BaseException]

    def _handle_exception(self, error: Exception) -> None:
        self.crashes.append(error.error if isinstance(error, WorkerFailed) else error)
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        self._close_messages_no_wait()

    def panic(self, *renderables: RenderableType) -> None:
        """Exit; Textual calls this when the thread that reads keys has failed."""
        from rich.traceback import Traceback  # deferred: slow to import and rarely needed

        types = [
            item.trace.stacks[0].exc_type for item in renderables if isinstance(item, Traceback)
        ]
        if types != ["OSError"]:  # an OSError means that the terminal is gone
            text = StringIO()
            Console(file=text, width=100).print(*renderables)
            self.crashes.append(RuntimeError(text.getvalue()))
        self._close_messages_no_wait()
