"""The log of a training run, which the trainer writes even while the disk is full."""

import os
from collections import deque
from contextlib import suppress

from charloom.core.errors import StorageError
from charloom.core.runs.events import Continued, Event, record
from charloom.core.store.model_dir import ModelDir

_MAX_PENDING = 10_000  # events
_RESERVE_BYTES = 65_536


class EventLog:
    """Writes the events of a run; those that cannot be written are kept, in order, for later.

    Some disk space is reserved, and freed when there is no other, so that a full disk can be
    reported.
    """

    def __init__(self, folder: ModelDir) -> None:
        self._folder = folder
        self._pending: deque[Event] = deque(maxlen=_MAX_PENDING)
        self._make_reserve()

    def record(self, event: Event) -> None:
        """Append ``event``, after those that are pending."""
        self._pending.append(event)
        try:
            self._write()
        except OSError:
            with suppress(OSError):
                self._folder.reserve.unlink(missing_ok=True)
                self._write()
        if isinstance(event, Continued):
            self._make_reserve()

    def close(self) -> None:
        """Write pending events and free the reserve. Raises :class:`StorageError`."""
        try:
            self._folder.reserve.unlink(missing_ok=True)
            self._write()
        except OSError as error:
            raise StorageError(
                f"The events of {self._folder.name!r} cannot be written ({error.strerror}); "
                "make room there."
            ) from error

    def _write(self) -> None:
        while self._pending:
            record(self._folder, self._pending[0])
            self._pending.popleft()

    def _make_reserve(self) -> None:
        with suppress(OSError):  # the disk is full already
            # No file system can compress random bytes.
            self._folder.reserve.write_bytes(os.urandom(_RESERVE_BYTES))
