"""Every use of Textual's private attributes, each checked against Textual 8.2.8.

An update of Textual needs a look at this file only.
"""

import codecs
from functools import partial
from io import StringIO
from typing import TYPE_CHECKING

from rich.console import Console, RenderableType
from textual.widget import Widget
from textual.worker import WorkerFailed

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
