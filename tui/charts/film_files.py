"""Files that play a film."""

from pathlib import Path

from charloom.core.files import write_file
from charloom.tui.charts.film import Film
from charloom.tui.charts.film_cast import asciicast
from charloom.tui.charts.film_picture import film_picture

_WRITERS = {"svg": film_picture, "cast": asciicast}
FILM_FORMATS = tuple(_WRITERS)


def write_film(path: Path, film: Film, kind: str, *, force: bool) -> None:
    """Write a film as ``kind``, one of :data:`FILM_FORMATS`; with ``force``, replace a file.

    Raises :class:`CharloomError` if that is not possible.
    """
    write_file(path, _WRITERS[kind](film), force)
