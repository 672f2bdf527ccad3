"""Work in a thread that nobody has to wait for, such as a server that does not answer."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

Result = TypeVar("Result")


async def run_in_background(do: Callable[[], Result]) -> Result:
    """Return what ``do`` returns, or raise what it raises.

    When this is cancelled, as on leaving the app, the thread is left to itself: one of
    ``asyncio.to_thread`` would be waited for to the end.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Result] = loop.create_future()

    def tell(settle: Callable[[Any], None], outcome: object) -> None:
        if not done.done():
            settle(outcome)

    def work() -> None:
        settle: Callable[[Any], None] = done.set_result
        outcome: object
        try:
            outcome = do()
        except Exception as error:  # whatever it is, it is raised where it was asked for
            settle, outcome = done.set_exception, error
        with suppress(RuntimeError):  # the loop is closed: nobody asks any more
            loop.call_soon_threadsafe(tell, settle, outcome)

    threading.Thread(target=work, daemon=True).start()
    return await done
