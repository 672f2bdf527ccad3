"""The catalog of texts: bundled, part of this Python, or downloaded from Project Gutenberg.

Only a complete, checked download is stored, atomically: a truncated or wrong one is never kept and
never replaces a good one.
"""

import io
import os
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Unpack
from urllib.parse import urlsplit

from charloom.core import paths
from charloom.core.data import corpus, gutenberg
from charloom.core.data.corpus import Corpus, ReadOptions
from charloom.core.data.joining import Progress
from charloom.core.data.readers.files import Source, find_sources
from charloom.core.errors import CharloomError, UnknownTextError
from charloom.core.files import make_folder, write_atomically
from charloom.core.sanitize import quoted
from charloom.core.wording import did_you_mean

MIRROR = "https://www.gutenberg.org"
MIRROR_VARIABLE = "CHARLOOM_GUTENBERG_MIRROR"
RETRY_SECONDS = (0.5, 2.0)  # before the second attempt at a download, and before the third
_MAX_BYTES = 2**26  # several times the longest text of the catalog
_CHUNK_BYTES = 2**14
_MAX_FILES = 1_000  # of a folder, for suggestions


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """A text of the catalog; ``gutenberg`` is its number there, None if it needs no network."""

    name: str
    title: str
    author: str
    language: str
    kind: str
    gutenberg: int | None = None


ENTRIES = tuple(
    CatalogEntry(*row)
    for row in (
        ("loom", "The Loom at Carrow", "Charloom", "English", "tale"),
        ("pydoc", "Python's language reference, topic by topic", "Python", "English", "manual"),
        ("stdlib", "Python's standard library", "Python", "Python", "source code"),
        ("frankenstein", "Frankenstein", "Mary Shelley", "English", "novel", 84),
        ("pride", "Pride and Prejudice", "Jane Austen", "English", "novel", 1342),
        ("moby-dick", "Moby-Dick", "Herman Melville", "English", "novel", 2701),
        ("alice", "Alice's Adventures in Wonderland", "Lewis Carroll", "English", "children", 11),
        ("grimm", "Grimms' Fairy Tales", "Jacob and Wilhelm Grimm", "English", "children", 2591),
        ("shakespeare", "Complete Works", "William Shakespeare", "English", "drama", 100),
        ("leaves", "Leaves of Grass", "Walt Whitman", "English", "verse", 1322),
        ("bible", "The King James Bible", "various", "English", "scripture", 10),
        ("origin", "On the Origin of Species", "Charles Darwin", "English", "science", 1228),
        ("meditations", "Meditations", "Marcus Aurelius", "English", "philosophy", 2680),
        ("beeton", "Household Management", "Isabella Beeton", "English", "cookery", 10136),
        ("devil", "The Devil's Dictionary", "Ambrose Bierce", "English", "dictionary", 972),
        ("fleurs", "Les Fleurs du mal", "Charles Baudelaire", "French", "verse", 6099),
        ("faust", "Faust I", "Johann Wolfgang von Goethe", "German", "drama", 2229),
        ("verwandlung", "Die Verwandlung", "Franz Kafka", "German", "novella", 22367),
        ("quijote", "Don Quijote", "Miguel de Cervantes", "Spanish", "novel", 2000),
        ("commedia", "La Divina Commedia", "Dante Alighieri", "Italian", "verse", 1012),
        ("lusiadas", "Os Lusíadas", "Luís de Camões", "Portuguese", "verse", 3333),
        ("aeneis", "Aeneis", "Vergil", "Latin", "verse", 227),
        ("kalevala", "Kalevala", "Elias Lönnrot", "Finnish", "verse", 7000),
    )
)
_BY_NAME = {entry.name: entry for entry in ENTRIES}


def find(name: str) -> CatalogEntry:
    """Return the entry called ``name``; raises :class:`UnknownTextError` with similar names."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    names = [*_BY_NAME, *_files_next_to(name)]
    hint = did_you_mean(Path(name).name, names)
    ending = f"; {hint}" if hint else "."
    raise UnknownTextError(f"There is no file and no catalog text called {quoted(name)}{ending}")


def _files_next_to(file: str) -> list[str]:
    """Return names of files in the folder that should contain ``file``."""
    try:
        folder = paths.expand_user(file).parent
        return [path.name for path in islice(folder.iterdir(), _MAX_FILES) if path.is_file()]
    except (OSError, ValueError):  # no such folder, or a NUL
        return []


def load_text(
    *texts: str,
    mirror: str | None = None,
    on_progress: Progress | None = None,
    on_read: Progress | None = None,
    **options: Unpack[ReadOptions],
) -> Corpus:
    """Load texts as one: files, folders, ``"-"`` (standard input) or names of catalog texts.

    A file takes precedence over a catalog text of the same name. ``on_progress`` is called during
    a download, ``on_read`` while the texts are read. Raises :class:`CharloomError`.
    """
    sources: list[Source] = []
    for text in texts:
        if text == "-" or _is_path(text):
            sources += find_sources(text)
        else:
            sources.append(_source(text, partial(_read, mirror=mirror, on_progress=on_progress)))
    return corpus.from_sources(sources, on_read, **options)


def cached(name: str) -> bool:
    """Return whether the text called ``name`` is available without a network."""
    entry = find(name)
    return entry.gutenberg is None or _cache_file(entry).is_file()


def fetch(
    name: str,
    *,
    mirror: str | None = None,
    timeout: float = 20,
    on_progress: Progress | None = None,
    retry_seconds: tuple[float, ...] = RETRY_SECONDS,
    **options: Unpack[ReadOptions],
) -> Corpus:
    """Return the catalog text called ``name``; download it unless it is cached.

    Args:
        name: of a catalog entry.
        mirror: address to download from; by default ``$CHARLOOM_GUTENBERG_MIRROR`` or
            :data:`MIRROR`.
        timeout: seconds for each wait for the server.
        on_progress: called with the bytes done and the bytes in total (0: unknown).
        retry_seconds: a temporary failure is retried after each of these waits.
        options: see :class:`ReadOptions`.

    Raises :class:`CharloomError`.
    """
    read = partial(
        _read, mirror=mirror, timeout=timeout, on_progress=on_progress, retry_seconds=retry_seconds
    )
    return corpus.from_sources([_source(name, read)], **options)


def _source(name: str, read: Callable[[CatalogEntry], bytes]) -> Source:
    entry = find(name)
    return Source(entry.title, name, lambda: io.BytesIO(read(entry)))


def _read(
    entry: CatalogEntry,
    *,
    mirror: str | None = None,
    timeout: float = 20,
    on_progress: Progress | None = None,
    retry_seconds: tuple[float, ...] = RETRY_SECONDS,
) -> bytes:
    try:
        if entry.gutenberg is None:
            return _LOCAL[entry.name]()
        if not cached(entry.name):
            _download(entry, mirror, timeout, on_progress, retry_seconds)
        return _cache_file(entry).read_bytes()
    except OSError as error:
        raise CharloomError(
            f"{entry.name!r} cannot be read or stored ({error.strerror or 'not permitted'}); "
            f"check that {str(paths.downloads_dir())!r} is writable and has space left."
        ) from error


def _loom() -> bytes:
    import importlib.resources  # deferred: slow to import, and needed for this text only

    return (
        importlib.resources.files("charloom.assets").joinpath("the-loom-at-carrow.txt").read_bytes()
    )


def _pydoc() -> bytes:
    from pydoc_data.topics import topics  # deferred: half a megabyte

    return "\n".join(topics[topic] for topic in sorted(topics)).encode()


def _stdlib() -> bytes:
    folder = Path(sysconfig.get_path("stdlib"))
    files = (
        folder / file
        for name in sorted(sys.stdlib_module_names)
        for file in (f"{name}.py", f"{name}/__init__.py")
    )
    return b"\n\n".join(file.read_bytes() for file in files if file.is_file())


_LOCAL = {"loom": _loom, "pydoc": _pydoc, "stdlib": _stdlib}


def _cache_file(entry: CatalogEntry) -> Path:
    return paths.downloads_dir() / f"pg{entry.gutenberg}.txt"


def _is_path(text: str) -> bool:
    """Return whether ``text`` is a file or, unless the catalog has it, a folder or the like."""
    in_catalog = text in _BY_NAME
    try:
        path = paths.expand_user(text)
        return path.is_file() or (not in_catalog and path.exists())
    except OSError:  # a name too long or a forbidden folder: loading it reports the reason
        return not in_catalog


def _download(
    entry: CatalogEntry,
    mirror: str | None,
    timeout: float,
    on_progress: Progress | None,
    retry_seconds: tuple[float, ...],
) -> None:
    """Download the text of ``entry`` into the cache if it is complete."""
    import requests  # deferred: slower to import than most commands are to run

    url, host = _url(mirror or os.environ.get(MIRROR_VARIABLE) or MIRROR, entry)
    make_folder(paths.downloads_dir())
    for pause in (*retry_seconds, None):
        try:
            data = _get(url, timeout, on_progress)
            break
        except (requests.RequestException, ValueError) as error:
            reason, temporary = _explain(error, timeout)
            if pause is None or not temporary:
                raise _download_error(entry, f"{host} {reason}") from error
        time.sleep(pause)
    if problem := gutenberg.find_problem(data.decode("utf-8", "replace")):
        raise _download_error(entry, f"{host} sent {problem}")
    write_atomically(_cache_file(entry), data)


def _url(mirror: str, entry: CatalogEntry) -> tuple[str, str]:
    """Return the address of a text on ``mirror``, and the mirror's host name."""
    number = entry.gutenberg
    try:
        parts = urlsplit(mirror)
        host = parts.hostname if parts.scheme in ("http", "https") else None
    except ValueError:
        host = None
    if not host:
        raise CharloomError(f"The mirror {mirror!r} is not an address like {MIRROR}.")
    return f"{mirror.rstrip('/')}/cache/epub/{number}/pg{number}.txt", host


def _get(url: str, timeout: float, on_progress: Progress | None) -> bytes:
    import requests

    # Compressed, the length in the response would not be that of the text.
    headers = {"Accept-Encoding": "identity", "User-Agent": "charloom"}
    data = bytearray()
    with requests.get(url, headers=headers, timeout=timeout, stream=True) as response:
        response.raise_for_status()
        total = int(response.headers.get("Content-Length", 0))
        for chunk in response.iter_content(_CHUNK_BYTES):
            data += chunk
            if len(data) > _MAX_BYTES:
                raise CharloomError("The mirror sends more than any text holds; choose another.")
            if on_progress:
                on_progress(min(len(data), total or len(data)), total)
    return bytes(data)


def _download_error(entry: CatalogEntry, reason: str) -> CharloomError:
    offline = ", ".join(name for name in _BY_NAME if cached(name))
    return CharloomError(f"{entry.title} was not downloaded: {reason}; available are {offline}.")


def _explain(error: Exception, timeout: float) -> tuple[str, bool]:
    """Return the rest of a sentence on the server's failure, and whether a retry may help."""
    import http.client  # deferred, with the rest of the network
    import socket
    import ssl

    response = getattr(error, "response", None)
    if response is not None:
        status = response.status_code
        answer = "has no such text" if status == 404 else "answered with an error"
        return f"{answer} ({status})", status == 429 or status >= 500
    causes = (
        (TimeoutError, f"did not answer within {timeout:g} seconds", True),
        (http.client.IncompleteRead, "broke off in the middle", True),
        (ConnectionResetError, "broke off the connection", True),
        (ConnectionRefusedError, "refused the connection", False),
        (socket.gaierror, "cannot be found (is there a network?)", False),
        (ssl.SSLError, "has no trusted certificate", False),
        (ValueError, "cannot be understood", False),
    )
    chain = list(_cause_chain(error))
    for kind, reason, temporary in causes:
        if any(isinstance(cause, kind) for cause in chain):
            return reason, temporary
    return "cannot be reached (is there a network?)", False


def _cause_chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and its causes: libraries wrap the system's errors in their own."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
