import asyncio
import threading

import pytest

from charloom.core.errors import CharloomError
from charloom.tui.services.background import run_in_background


async def test_what_is_done_apart_is_returned_or_raised() -> None:
    assert (
        await run_in_background(lambda: threading.current_thread() is threading.main_thread())
        is False
    )

    def fail() -> None:
        raise CharloomError("It broke.")

    with pytest.raises(CharloomError, match=r"It broke\."):
        await run_in_background(fail)


async def test_a_cancelled_job_is_not_waited_for() -> None:
    begun, released = threading.Event(), threading.Event()

    def wait() -> None:
        begun.set()
        released.wait()

    task = asyncio.create_task(run_in_background(wait))
    await asyncio.to_thread(begun.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not released.is_set()
    released.set()
