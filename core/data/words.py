"""The words of a text: a list that fits into a checkpoint, and what can continue a word of it.

A word is a run of letters and their marks, with apostrophes inside (``don't``, also ``don’t``);
hyphens separate words. Letters of scripts without blanks (Chinese, Japanese, Thai …) form none. A
known word may also be written with a capital, or all in capitals.
"""

import re
import unicodedata
import zlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import takewhile

from charloom.core.data.text_file import Characters
from charloom.core.errors import CharloomError

APOSTROPHES = "'’"
MAX_WORD_CHARACTERS = 64
"""Longer runs of letters are no words."""
MAX_PACKED_BYTES = 150_000
"""Of a list in a checkpoint, some 90,000 words of English: the most frequent ones are kept."""

_MAX_UNPACKED_BYTES = 16 << 20
_MAX_COUNTED_CHARACTERS = 20_000_000  # of a text, in two seconds; from 20 parts of a longer one
_PARTS = 20
_MAX_SHARED = 31  # beginning of a word that is not repeated: its length is a control character
_JOINERS = "\u200c\u200d"  # inside words of Persian and of India
_UNSPACED = re.compile(
    "[\u0e00-\u109f\u1780-\u17ff\u2e80-\u312f\u31a0-\ua4cf\uf900-\ufaff\uff66-\uff9f"
    "\U00020000-\U0003ffff]"
)


def is_letter(character: str) -> bool:
    """Return whether ``character`` is part of words."""
    is_letter = unicodedata.category(character)[0] in "LM" or character in _JOINERS
    return is_letter and not _UNSPACED.match(character)


def find_words(text: str) -> Iterator[re.Match[str]]:
    """Return the words in ``text``."""
    return _word_pattern(text).finditer(text)


def _word_pattern(text: str) -> re.Pattern[str]:
    """Return a pattern that matches the words in ``text``."""
    letters = re.escape("".join(filter(is_letter, sorted(set(text)))))
    run = f"[{letters}]+" if letters else "(?!)"
    return re.compile(f"{run}(?:[{APOSTROPHES}]{run})*")


def pack_words(text: Characters, chars: Collection[str], base: bytes = b"") -> bytes:
    """Return a list of the words of ``text`` that can be written in ``chars``, compressed.

    It includes the words of another list, ``base``, and takes up to :data:`MAX_PACKED_BYTES`.
    """
    counts: Counter[str] = Counter()
    for part in _parts(text):
        plain = part.replace("’", "'")
        counts.update(_word_pattern(plain).findall(plain))
    added = sorted(unpack_words(base), key=lambda word: (len(word), word))
    ranked = [word for word, _ in counts.most_common()] + added
    known = set(chars) | ({"'"} if "’" in chars else set())
    words = [
        word
        for word in dict.fromkeys(ranked)
        if len(word) <= MAX_WORD_CHARACTERS and known.issuperset(word)
    ]
    every = set(words)
    words = [
        word
        for word in words
        if not any(form != word and form in every for form in (_uncapitalized(word), _small(word)))
    ]
    packed = _pack(words)
    while len(packed) > MAX_PACKED_BYTES:
        words = words[: int(len(words) * 0.98 * MAX_PACKED_BYTES / len(packed))]
        packed = _pack(words)
    return packed


def unpack_words(packed: bytes) -> list[str]:
    """Return the words in a packed list, in order. Raises :class:`CharloomError` for other data."""
    if not packed:
        return []
    try:
        decompressor = zlib.decompressobj()
        data = decompressor.decompress(packed, _MAX_UNPACKED_BYTES).decode()
        if not decompressor.eof:
            raise zlib.error
    except (zlib.error, UnicodeDecodeError) as error:
        raise CharloomError("The list of words in the checkpoint is damaged.") from error
    words, before = [], ""
    for entry in re.findall(r"[\0-\x1f][^\0-\x1f]+", data):
        before = before[: ord(entry[0])] + entry[1:]
        words.append(before)
    return words


class WordList:
    """Known words, in the forms in which they may be written."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = sorted(words)
        self._lower = sorted({word.lower() for word in self._words})

    def is_known(self, written: str) -> bool:
        """Return whether ``written`` is a known word; apostrophes are ``'``."""
        return any(
            (at := bisect_left(words, form)) < len(words) and words[at] == form
            for words, form, _ in self._forms(written)
        )

    def continuations(self, written: str) -> set[str]:
        """Return the characters that lead from ``written`` towards a known word.

        An empty ``written`` is the beginning of a word.
        """
        result = set()
        for words, form, in_capitals in self._forms(written):
            following = _next_characters(words, form)
            result |= {c.upper() for c in following} if in_capitals else following
        return result

    def _forms(self, written: str) -> list[tuple[list[str], str, bool]]:
        """Return where to look for ``written``, in which form, and if what follows are capitals."""
        forms = [(self._words, written, False)]
        if (form := _uncapitalized(written)) != written:
            forms.append((self._words, form, False))
        if written == written.upper():
            forms.append((self._lower, written.lower(), True))
        return forms


def _uncapitalized(word: str) -> str:
    return word[:1].lower() + word[1:]


def _small(word: str) -> str:
    """Return a word in capitals in small letters, another as it is."""
    return word.lower() if word == word.upper() else word


def _next_characters(words: list[str], beginning: str) -> set[str]:
    """Return the characters that follow ``beginning`` in the sorted ``words``."""
    found = set()
    length = len(beginning)
    at = bisect_left(words, beginning)
    while at < len(words) and words[at].startswith(beginning):
        if following := words[at][length : length + 1]:
            found.add(following)
        at = bisect_left(words, beginning + following + "\U0010ffff", at) if following else at + 1
    return found


def _parts(text: Characters) -> Iterator[str]:
    """Yield ``text`` in parts that are cut between words; some of them, if it is long."""
    size = _MAX_COUNTED_CHARACTERS // _PARTS
    for start in range(0, len(text), max(size, len(text) // _PARTS)):
        part = text[start : start + size]
        if start:
            part = part.partition(" ")[2]
        yield part if start + size >= len(text) else part.rpartition(" ")[0]


def _pack(words: Iterable[str]) -> bytes:
    """Return sorted words, each as the length of the beginning it shares with the one before."""
    entries, before = [], ""
    for word in sorted(words):
        pairs = zip(before[:_MAX_SHARED], word, strict=False)
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        entries.append(chr(shared) + word[shared:])
        before = word
    return zlib.compress("".join(entries).encode(), 9)
