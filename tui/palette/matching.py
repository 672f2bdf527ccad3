"""The score of a title against a query: words in any order, and letters that skip others."""

import re
from functools import lru_cache

from charloom.core.library.search import fold, search_terms

_WORD_START, _INSIDE, _INITIALS, _SKIPPING = 1.0, 0.8, 0.7, 0.6
_MIN_DENSITY = 0.4  # of typed letters in the part of the title that they span
_LENGTH_SHARE = 0.1  # of the score, for a title that the query covers


def match_score(query: str, title: str, *, fuzzy: bool = True) -> float:
    """Return a score from 0 (no match) to 1 for ``title``.

    Every word of ``query`` must match: the beginning of a word, a part of one, or with ``fuzzy``
    the initials of words or letters in their order with few others between them.
    """
    terms, folded = search_terms(query), f" {fold(title)}"
    scores = [_term_score(term, folded, fuzzy) for term in terms]
    if not scores or not all(scores):
        return 0.0
    coverage = min(1.0, sum(map(len, terms)) / len(folded))
    return sum(scores) / len(scores) * (1 - _LENGTH_SHARE) + coverage * _LENGTH_SHARE


def _term_score(term: str, folded: str, fuzzy: bool) -> float:
    if f" {term}" in folded:
        return _WORD_START
    if term in folded:
        return _INSIDE
    if not fuzzy or len(term) == 1:
        return 0.0
    if term in "".join(word[0] for word in folded.split()):
        return _INITIALS
    spans = (match.end(1) - match.start(1) for match in _skipping(term).finditer(folded))
    density = len(term) / min(spans, default=len(folded) * len(term))
    return _SKIPPING * density if density >= _MIN_DENSITY else 0.0


@lru_cache(maxsize=64)
def _skipping(term: str) -> re.Pattern[str]:
    """Return a pattern of the letters of ``term`` with others between; no backtracking."""
    first, *others = (re.escape(letter) for letter in term)
    rest = "".join(f"[^{letter}]*+{letter}" for letter in others)
    return re.compile(f"(?=({first}{rest}))")
