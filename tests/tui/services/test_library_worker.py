import asyncio

import pytest

from charloom.core.library.database import Library
from charloom.tui.services.library_worker import LibraryWorker


async def test_a_caller_after_the_close_is_cancelled() -> None:
    worker = LibraryWorker()
    assert await worker.run(Library.count) == 0
    worker.close()
    with pytest.raises(asyncio.CancelledError):
        await worker.run(Library.count)
