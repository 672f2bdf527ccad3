"""The figures of models and checkpoints, in the words of a table."""

from dataclasses import asdict
from datetime import datetime

from charloom.core.model.metadata import CheckpointMetadata
from charloom.core.runs.events import bits
from charloom.core.sanitize import single_line
from charloom.core.store.read import CheckpointInfo, ModelInfo


def in_nats(value: float | None) -> str:
    """Return a loss in nats per character; nothing where there is none."""
    return "" if value is None else f"{value:.4f}"


def in_bits(value: float | None) -> str:
    """Return a loss in bits per character; nothing where there is none."""
    return "" if value is None else f"{bits(value):.4f}"


def total_bytes(info: ModelInfo) -> int:
    """Return how many bytes the checkpoints of a model take."""
    return sum(each.size for each in info.checkpoints)


def megabytes(size: int) -> str:
    """Return a number of bytes in megabytes."""
    return f"{size / 1e6:,.1f}"


def checkpoint_count(number: int) -> str:
    """Return so many checkpoints in words."""
    return f"{number:,} checkpoint{'' if number == 1 else 's'}"


def network_summary(card: CheckpointMetadata) -> str:
    """Return what sort of network it is, in one line."""
    model = card.model
    layers = f"{model.layers} layer{'s' if model.layers > 1 else ''}"
    tied = ", tied" if model.tied else ""
    return f"E {model.embedding}, H {model.hidden}, {layers}, V {model.vocab_size}{tied}"


def model_row(info: ModelInfo) -> tuple[str, ...]:
    """Return layers and width, parameters, best step, loss twice, checkpoints, size and text."""
    card = info.best.card if info.best else None
    saved = f"{len(info.checkpoints):,}", megabytes(total_bytes(info))
    if card is None:
        return ("", "", "", "", "", *saved, "damaged" if info.checkpoints else "no checkpoint yet")
    layers = f"{card.model.layers}×" if card.model.layers > 1 else ""
    return (
        f"{layers}{card.model.hidden}",
        f"{card.model.parameters:,}",
        f"{card.step:,}",
        in_nats(card.losses.held_out),
        in_bits(card.losses.held_out),
        *saved,
        card.corpus.title,
    )


def checkpoint_row(model: ModelInfo, info: CheckpointInfo) -> tuple[str, ...]:
    """Return step, the four losses in nats, size, and what is special about a checkpoint."""
    losses = asdict(info.card.losses).values() if info.card else (None,) * 4
    marks = {
        "best": info == model.best,
        "pinned": info.pinned,
        "damaged": info.card is None,
    }
    special = ", ".join(word for word, holds in marks.items() if holds)
    return (f"{info.step:,}", *map(in_nats, losses), megabytes(info.size), special)


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


def format_clock(seconds: float) -> str:
    """Return a duration as minutes and seconds, or hours, minutes and seconds."""
    minutes, rest = divmod(round(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def format_approx(seconds: float) -> str:
    """Return an estimated duration, no more exact than it can be."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"
