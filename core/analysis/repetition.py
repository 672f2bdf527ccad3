"""Detect that the end of a text repeats itself, as texts sampled at low temperatures may.

Fast enough for every frame while a text is generated, since only its end is read.
"""

_MAX_PERIOD = 200  # characters
_MIN_REPETITIONS = 3  # two may be chance, or a figure of speech
_MIN_REPEATING_CHARACTERS = 100  # longer than a row of dots in a line of 80 or 88


def repetition_period(text: str) -> int | None:
    """Return the shortest period of the end of ``text``, or None if it does not repeat.

    It repeats if in its last three periods, and at least 100 characters, each character equals the
    one a period before it.
    """
    for length in range(1, _MAX_PERIOD + 1):
        size = max(_MIN_REPETITIONS * length, _MIN_REPEATING_CHARACTERS)
        if size > len(text):
            return None
        if text[-1 - length] != text[-1]:  # of most lengths
            continue
        end = text[-size:]
        if end[length:] == end[:-length]:
            return length
    return None


def repetition_message(period: int) -> str:
    """Return the warning for a text with this period."""
    return f"repeats itself every {period} characters" if period > 1 else "repeats one character"
