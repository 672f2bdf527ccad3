"""Background work in a thread that the app does not wait for on exit."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from charloom.core.errors import memory_for

Result = TypeVar("Result")


async def run_in_background(func: Callable[[], Result]) -> Result:
    """Return the result of ``func``, or raise its exception.

    For reading and computing: cancelling, as on leaving the app, abandons the thread. A write that
    must not be cut off uses ``asyncio.to_thread``, which the app waits for on exit.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def resolve(set_outcome: Callable[[Any], None], outcome: object) -> None:
        if not future.done():
            set_outcome(outcome)

    def work() -> None:
        set_outcome: Callable[[Any], None] = future.set_result
        outcome: object
        try:
            with memory_for("this", "choose a shorter text or a smaller model"):
                outcome = func()
        except Exception as error:  # raised again by the await below
            set_outcome, outcome = future.set_exception, error
        with suppress(RuntimeError):  # the loop is closed: the result is no longer needed
            loop.call_soon_threadsafe(resolve, set_outcome, outcome)
        del outcome  # an error refers to this frame: what its frames hold is to be freed at once

    threading.Thread(target=work, daemon=True).start()
    return await future
