"""Moments as a person reads them: in the time zone of this computer."""

from datetime import datetime

from charloom.core.sanitize import single_line

_SHORTEST = 10  # characters of a day: what stands for it where it is no date is cut to this


def format_date(moment: str) -> str:
    """Return the day of an ISO 8601 moment, such as ``2026-01-02``."""
    return format_datetime(moment)[:_SHORTEST]


def format_datetime(moment: str) -> str:
    """Return day, hour and minute of an ISO 8601 moment; of what is none, its beginning."""
    try:
        return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError, OSError):  # not a moment, or one at the calendar's end
        return single_line(moment, _SHORTEST)
