"""``python -m tests.faults.saving SAVER``: a process that saves favorites until it is killed.

What it does follows from its number alone, so that a reader who counts the lines it has written
one after each thing done, knows what must be in the library.
"""

import itertools
import sys
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import NamedTuple

from charloom.core.library.database import Library
from charloom.core.library.generation import Generation
from tests.helpers.generations import generation

_WORDS = ("loom", "weft", "warp", "shuttle", "café", "сукно", "織", "\0", "'", '"', "NEAR(")
_LONG = 20_000  # words: more pages than one, now and then


class Favorite(NamedTuple):
    """What must not be lost of a generation."""

    text: str
    starred: bool = True
    tags: tuple[str, ...] = ()
    note: str = ""

    @classmethod
    def of(cls, stored: Generation) -> "Favorite":
        """Return what the library has."""
        return cls(stored.text, stored.starred, stored.tags, stored.note)

    @property
    def name(self) -> str:
        """The first word of the text, which no other favorite has and which never changes."""
        return self.text.partition(" ")[0]


class Deed(NamedTuple):
    """Something done to one favorite: ``before`` is None when it is added, ``after`` when removed.

    ``how`` is the library's method for it.
    """

    how: str
    before: Favorite | None
    after: Favorite | None

    @property
    def name(self) -> str:
        """The favorite's."""
        known = self.before or self.after
        assert known is not None
        return known.name


def deeds(saver: int) -> Iterator[Deed]:
    """Yield what the process of this number does, without end."""
    random = Random(saver)
    there: dict[str, Favorite] = {}
    for number in itertools.count():
        how = random.choice(("add", "add", "add", "star", "tag", "annotate", "update", "remove"))
        words = _words(random)
        if how == "add" or not there:
            deed = Deed("add", None, Favorite(f"{saver}.{number} {words}"))
        else:
            before = random.choice(list(there.values()))
            deed = Deed(how, before, _changed(before, how, words, f"tag {number % 7}"))
        there.pop(deed.name, None)
        if deed.after:
            there[deed.name] = deed.after
        yield deed


def after(saver: int, count: int) -> tuple[dict[str, Favorite], Deed]:
    """Return what is there when ``count`` deeds are done, by name, and the deed that is next."""
    there: dict[str, Favorite] = {}
    done = deeds(saver)
    for deed in itertools.islice(done, count):
        there.pop(deed.name, None)
        if deed.after:
            there[deed.name] = deed.after
    return there, next(done)


def _words(random: Random) -> str:
    return " ".join(random.choices(_WORDS, k=_LONG if random.random() < 0.02 else 8))


def _changed(old: Favorite, how: str, words: str, tag: str) -> Favorite | None:
    if how == "star":
        return old._replace(starred=not old.starred)
    if how == "tag":  # it comes, or goes
        return old._replace(tags=tuple(sorted({*old.tags} ^ {tag})))
    if how == "annotate":
        return old._replace(note=words)
    return old._replace(text=f"{old.text} {words}") if how == "update" else None


def _do(library: Library, deed: Deed, ids: dict[str, int]) -> None:
    old, new = deed.before, deed.after
    if old is None and new is not None:
        ids[deed.name] = library.add(generation(new.text, starred=True)).id
        return
    number = ids[deed.name]
    if old is None or new is None:
        library.remove(number)
    elif deed.how == "star":
        library.star(number, new.starred)
    elif deed.how == "tag":
        library.tag(number, new.tags, remove={*old.tags} - {*new.tags})
    elif deed.how == "annotate":
        library.annotate(number, new.note)
    else:
        library.update(replace(generation(new.text), id=number))


def main(saver: int) -> None:
    """Do one thing after the other and write a line after each."""
    ids: dict[str, int] = {}
    with Library() as library:
        for deed in deeds(saver):
            _do(library, deed, ids)
            sys.stdout.write("\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]))
