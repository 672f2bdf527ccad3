"""The loop warning: whether a text has come to repeat itself, as a model at a low temperature may.

Cheap enough to be asked at every frame while a text is written: only its end is looked at.
"""

MAX_CHARACTERS = 200
"""Characters of a period, at most."""

_TIMES = 3  # that it has come: twice may be chance, or a figure of speech
_LEAST = 100  # characters: more than a rule, or a row of dots or of a table, in lines of 80 or 88


def repetition_period(text: str) -> int | None:
    """Return the fewest characters that the end of ``text`` repeats, or None if it does not.

    It does when its last characters, three periods and at least a hundred, are each the same as
    the one a period before.
    """
    for length in range(1, MAX_CHARACTERS + 1):
        size = max(_TIMES * length, _LEAST)
        if size > len(text):
            return None
        end = text[-size:]
        if end[length:] == end[:-length]:
            return length
    return None


def repetition_message(period: int) -> str:
    """Return what is to be told of a text that repeats itself."""
    return f"repeats itself every {period} characters" if period > 1 else "repeats one character"
