"""The texts known by name: bundled, made from this Python, or downloaded from Project Gutenberg.

A download is kept once it is whole: it is checked in a temporary file beside the cache, so that a
torn, wrong or interrupted one neither stays nor replaces a good one.
"""

import difflib
import os
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack
from urllib.parse import urlsplit

from charloom.core import paths
from charloom.core.data import corpus, gutenberg
from charloom.core.data.corpus import Corpus, ReadOptions
from charloom.core.errors import CharloomError
from charloom.core.files import make_folder

MIRROR = "https://www.gutenberg.org"
MIRROR_VARIABLE = "CHARLOOM_GUTENBERG_MIRROR"
PAUSES = (0.5, 2.0)  # seconds before the second attempt at a download, and before the third
_LARGEST = 2**26  # bytes; several times the longest text of the catalog
_CHUNK = 2**14


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """A known text; ``gutenberg`` is its number there, None for one that needs no network."""

    name: str
    title: str
    author: str
    language: str
    kind: str
    gutenberg: int | None = None


ENTRIES = (
    CatalogEntry("loom", "The Loom at Carrow", "Charloom", "English", "tale"),
    CatalogEntry(
        "pydoc", "Python's language reference, topic by topic", "Python", "English", "manual"
    ),
    CatalogEntry("stdlib", "Python's standard library", "Python", "Python", "source code"),
    CatalogEntry("frankenstein", "Frankenstein", "Mary Shelley", "English", "novel", 84),
    CatalogEntry("pride", "Pride and Prejudice", "Jane Austen", "English", "novel", 1342),
    CatalogEntry("moby-dick", "Moby-Dick", "Herman Melville", "English", "novel", 2701),
    CatalogEntry(
        "alice", "Alice's Adventures in Wonderland", "Lewis Carroll", "English", "children", 11
    ),
    CatalogEntry(
        "grimm", "Grimms' Fairy Tales", "Jacob and Wilhelm Grimm", "English", "children", 2591
    ),
    CatalogEntry("shakespeare", "Complete Works", "William Shakespeare", "English", "drama", 100),
    CatalogEntry("leaves", "Leaves of Grass", "Walt Whitman", "English", "verse", 1322),
    CatalogEntry("bible", "The King James Bible", "various", "English", "scripture", 10),
    CatalogEntry(
        "origin", "On the Origin of Species", "Charles Darwin", "English", "science", 1228
    ),
    CatalogEntry("meditations", "Meditations", "Marcus Aurelius", "English", "philosophy", 2680),
    CatalogEntry("beeton", "Household Management", "Isabella Beeton", "English", "cookery", 10136),
    CatalogEntry("devil", "The Devil's Dictionary", "Ambrose Bierce", "English", "dictionary", 972),
    CatalogEntry("fleurs", "Les Fleurs du mal", "Charles Baudelaire", "French", "verse", 6099),
    CatalogEntry("faust", "Faust I", "Johann Wolfgang von Goethe", "German", "drama", 2229),
    CatalogEntry("verwandlung", "Die Verwandlung", "Franz Kafka", "German", "novella", 22367),
    CatalogEntry("quijote", "Don Quijote", "Miguel de Cervantes", "Spanish", "novel", 2000),
    CatalogEntry("commedia", "La Divina Commedia", "Dante Alighieri", "Italian", "verse", 1012),
    CatalogEntry("lusiadas", "Os Lusíadas", "Luís de Camões", "Portuguese", "verse", 3333),
    CatalogEntry("aeneis", "Aeneis", "Vergil", "Latin", "verse", 227),
    CatalogEntry("kalevala", "Kalevala", "Elias Lönnrot", "Finnish", "verse", 7000),
)
_BY_NAME = {entry.name: entry for entry in ENTRIES}


def find(name: str) -> CatalogEntry:
    """Return the entry called ``name``, or raise :class:`CharloomError` with the nearest names."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    near = difflib.get_close_matches(name[:100].lower(), _BY_NAME, n=2)
    hint = f"perhaps you mean {' or '.join(near)}." if near else "see 'charloom corpus list'."
    raise CharloomError(f"There is no file and no known text called {name[:100]!r}; {hint}")


def load_text(
    text: str,
    *,
    mirror: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    **reading: Unpack[ReadOptions],
) -> Corpus:
    """Return what a person means by ``text``: a file, ``"-"`` (standard input) or a known text.

    A file goes before a known text of the same name. Raises :class:`CharloomError`.
    """
    if text == "-" or _is_path(text):
        return corpus.load(text, **reading)
    return fetch(text, mirror=mirror, on_progress=on_progress, **reading)


def cached(name: str) -> bool:
    """Return whether the text called ``name`` can be had without a network."""
    entry = find(name)
    return entry.gutenberg is None or _cache(entry).is_file()


def fetch(
    name: str,
    *,
    mirror: str | None = None,
    timeout: float = 20,
    on_progress: Callable[[int, int], None] | None = None,
    pauses: tuple[float, ...] = PAUSES,
    **reading: Unpack[ReadOptions],
) -> Corpus:
    """Return the known text called ``name``, downloading it when it is not in the cache.

    ``mirror`` goes before ``$CHARLOOM_GUTENBERG_MIRROR`` and that before :data:`MIRROR`.
    ``on_progress`` is told bytes done and bytes in all (0: unknown). ``timeout`` bounds, in
    seconds, each wait for the server; a passing failure is met with one more attempt for each of
    ``pauses``, in seconds. Raises :class:`CharloomError`.
    """
    entry = find(name)
    try:
        if entry.gutenberg is None:
            data = _LOCAL[name]()
        else:
            if not cached(name):
                mirror = mirror or os.environ.get(MIRROR_VARIABLE) or MIRROR
                url = _address(mirror, entry.gutenberg)
                _download(url, entry, timeout, on_progress, pauses)
            data = _cache(entry).read_bytes()
    except OSError as error:
        raise CharloomError(
            f"{name!r} cannot be read or kept ({error.strerror or 'not permitted'}); "
            f"see that you may write to {str(paths.downloads())!r} and that there is room."
        ) from error
    return corpus.from_bytes(data, title=entry.title, source=name, **reading)


def _loom() -> bytes:
    import importlib.resources  # deferred: slow to import, and needed for this text alone

    return (
        importlib.resources.files("charloom.assets").joinpath("the-loom-at-carrow.txt").read_bytes()
    )


def _pydoc() -> bytes:
    from pydoc_data.topics import topics  # deferred: half a megabyte

    return "\n".join(topics[topic] for topic in sorted(topics)).encode()


def _stdlib() -> bytes:
    folder = Path(sysconfig.get_path("stdlib"))
    modules = (folder / f"{name}.py" for name in sorted(sys.stdlib_module_names))
    return b"\n\n".join(module.read_bytes() for module in modules if module.is_file())


_LOCAL = {"loom": _loom, "pydoc": _pydoc, "stdlib": _stdlib}


def _cache(entry: CatalogEntry) -> Path:
    return paths.downloads() / f"pg{entry.gutenberg}.txt"


def _address(mirror: str, number: int) -> str:
    """Return where ``mirror`` keeps the text with that number."""
    try:
        parts = urlsplit(mirror)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        valid = False
    if not valid:
        raise CharloomError(f"The mirror {mirror!r} is no address; give one like {MIRROR}.")
    return f"{mirror.rstrip('/')}/cache/epub/{number}/pg{number}.txt"


def _is_path(text: str) -> bool:
    """Return whether ``text`` names a file or, unless it is a known text, a folder or the like."""
    known = text in _BY_NAME
    try:
        return Path(text).is_file() or (not known and Path(text).exists())
    except OSError:  # a name too long, a folder that may not be entered: loading it will tell
        return not known


def _download(
    url: str,
    entry: CatalogEntry,
    timeout: float,
    on_progress: Callable[[int, int], None] | None,
    pauses: tuple[float, ...],
) -> None:
    """Put what is at ``url`` into the cache, if it is the whole text."""
    # Deferred: together they take longer to import than most commands take to run.
    import logging

    import pooch  # type: ignore[import-untyped]
    import requests

    pooch.get_logger().setLevel(logging.CRITICAL)  # it would write to stderr
    host = urlsplit(url).hostname or url

    def download(url: str, file_name: str, _: object) -> None:
        with ExitStack() as responses, Path(file_name).open("w+b") as file:

            def keep(answer: requests.Response, **_: object) -> None:
                responses.callback(answer.close)

            get = pooch.HTTPDownloader(
                progressbar=_Progress(on_progress),
                chunk_size=_CHUNK,
                timeout=timeout,
                hooks={"response": keep},  # pooch itself does not close a refused answer
                # Compressed, the length in the answer would not be that of the text.
                headers={"Accept-Encoding": "identity", "User-Agent": "charloom"},
            )
            get(url, file, None)
            file.flush()
            os.fsync(file.fileno())
            file.seek(0)
            if fault := gutenberg.fault(file.read().decode("utf-8", "replace")):
                raise _failure(entry, f"{host} sent {fault}")

    for pause in (*pauses, None):
        try:
            pooch.retrieve(
                url,
                known_hash=None,
                fname=_cache(entry).name,
                path=make_folder(paths.downloads()),
                downloader=download,
            )
            return
        except (requests.RequestException, ValueError) as error:
            reason, passing = _explain(error, timeout)
            if pause is None or not passing:
                raise _failure(entry, f"{host} {reason}") from error
        time.sleep(pause)


def _failure(entry: CatalogEntry, reason: str) -> CharloomError:
    at_hand = ", ".join(name for name in _BY_NAME if cached(name))
    return CharloomError(f"{entry.title} was not downloaded: {reason}; at hand are {at_hand}.")


def _explain(error: Exception, timeout: float) -> tuple[str, bool]:
    """Return what the server did, as the rest of a sentence, and whether it may soon pass."""
    import http.client  # deferred, with the rest of the network
    import socket
    import ssl

    answer = getattr(error, "response", None)
    if answer is not None:
        status = answer.status_code
        what = "has no such text" if status == 404 else "answered with an error"
        return f"{what} ({status})", status == 429 or status >= 500
    causes = (
        (TimeoutError, f"did not answer within {timeout:g} seconds", True),
        (http.client.IncompleteRead, "broke off in the middle", True),
        (ConnectionResetError, "broke off the connection", True),
        (ConnectionRefusedError, "refused the connection", False),
        (socket.gaierror, "cannot be found (is there a network?)", False),
        (ssl.SSLError, "has no certificate to be trusted", False),
        (ValueError, "cannot be understood", False),
    )
    chain = list(_chain(error))
    for kind, reason, passing in causes:
        if any(isinstance(each, kind) for each in chain):
            return reason, passing
    return "cannot be reached (is there a network?)", False


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what lies beneath it: libraries wrap the system's errors in their own."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


class _Progress:
    """What pooch takes for a progress bar."""

    def __init__(self, report: Callable[[int, int], None] | None) -> None:
        self.total = 0  # bytes to come; pooch sets it, and leaves 0 when the server does not say
        self._done = 0
        self._report = report

    def update(self, size: int) -> None:
        """Count ``size`` bytes more: a whole chunk each time, even for the last piece."""
        self._done += size
        if self._done > _LARGEST:
            raise CharloomError("The mirror sends more than any text holds; choose another.")
        if self._report:
            self._report(min(self._done, self.total or self._done), self.total)

    def reset(self) -> None:
        """Do nothing: pooch calls this before it counts everything once more, at the end."""

    def close(self) -> None:
        """Do nothing: there is no bar to close."""
