"""Doing what a dialog was answered with: what cannot be done is told, and what was typed stays."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from textual.app import App
from textual.screen import ModalScreen

from charloom.core.errors import CharloomError

_T = TypeVar("_T")


async def ask_until_done(
    app: App[Any],
    dialog: Callable[[str], ModalScreen[str | None]],
    value: str,
    do: Callable[[str], Awaitable[_T]],
) -> _T | None:
    """Open ``dialog`` with ``value`` and return what ``do`` makes of the answer.

    None when it was given up. When ``do`` fails, the dialog comes again with what was answered.
    To be awaited in a worker.
    """
    while (answer := await app.push_screen_wait(dialog(value))) is not None:
        try:
            return await do(answer)
        except CharloomError as error:
            app.notify(str(error), severity="error")
            value = answer
    return None
