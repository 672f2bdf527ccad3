"""Moments as a person reads them: in the time zone of this computer."""

from datetime import datetime

from charloom.core.sanitize import one_line

_SHORTEST = 10  # characters of a day: what stands for it where it is no date is cut to this


def day(moment: str) -> str:
    """Return the day of an ISO 8601 moment, such as ``2026-01-02``."""
    return minute(moment)[:_SHORTEST]


def minute(moment: str) -> str:
    """Return day, hour and minute of an ISO 8601 moment; of what is none, its beginning."""
    try:
        return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError, OSError):  # not a moment, or one at the calendar's end
        return one_line(moment, _SHORTEST)
