"""Trainers forked from a process that has imported PyTorch, which takes most of a short training.

They are child processes with a session, a log and signals of their own, like those that the product
starts. Trainers that a command starts in a process of its own are the product's.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Mapping
from contextlib import redirect_stderr
from multiprocessing import connection, process
from pathlib import Path
from typing import IO, Any

from charloom.core.child_process import _DEFAULTS


class ForkedTrainer:
    """A trainer with the methods of :class:`subprocess.Popen`."""

    def __init__(self, arguments: tuple[str, ...], log: str) -> None:
        for name, value in _DEFAULTS.items():  # for the server, which has them from this process
            os.environ.setdefault(name, value)
        server = multiprocessing.get_context("forkserver")
        server.set_forkserver_preload(["charloom.core.training.session"])
        self._process = server.Process(
            target=_train, args=(arguments, log, str(Path.cwd()), dict(os.environ))
        )
        with redirect_stderr(sys.__stderr__):  # the server's; an app's own is no file
            self._process.start()
        # Or else this process would wait for it at its end, and look after it without the lock.
        process._children.discard(self._process)  # type: ignore[attr-defined]
        self._lock = threading.Lock()
        assert self._process.pid
        self.args, self.pid = arguments, self._process.pid

    @property
    def returncode(self) -> int | None:
        return self.poll()

    def poll(self) -> int | None:
        with self._lock:
            return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        connection.wait([self._process.sentinel], timeout)
        status = self.poll()
        assert status is not None, "timed out"
        return status

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def start_module(module: str, *arguments: str, stdout: IO[bytes], **_: Any) -> ForkedTrainer:
    """Start a trainer, like :func:`charloom.core.child_process.start_module`."""
    assert module == "training.worker"
    return ForkedTrainer(arguments, stdout.name)


def _train(arguments: tuple[str, ...], log: str, folder: str, variables: Mapping[str, str]) -> None:
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    for path, flags, numbers in (
        (os.devnull, os.O_RDONLY, (0,)),
        (log, os.O_WRONLY | os.O_APPEND, (1, 2)),
    ):
        file = os.open(path, flags)
        for number in numbers:
            os.dup2(file, number)
        os.close(file)
    from charloom.core.training import worker

    status = worker.main(list(arguments))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
