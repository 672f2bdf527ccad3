"""Format losses, sizes, dates and durations, and table rows of models and checkpoints."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from charloom.core.model.metadata import HeldOutLoss, Losses, is_few
from charloom.core.runs.events import bits
from charloom.core.sanitize import single_line
from charloom.core.store.read import CheckpointInfo, ModelInfo

_MAX_BITS = 64.0  # per character; no network is that bad for long
_MAX_VALUE = 8  # characters
_DATE_CHARACTERS = 10  # of 2026-01-02


def score_note(characters: int | None) -> str:
    """Return `` (on 26 characters)``, to follow a score measured on so few; else ""."""
    if not is_few(characters):
        return ""
    return f" (on {characters:,} character{'' if characters == 1 else 's'})"


def error_note(standard_error: float | None, digits: int = 4) -> str:
    """Return `` ± 0.0012``, to follow a score in the same unit; "" if it is unknown."""
    return "" if standard_error is None else f" ± {standard_error:.{digits}f}"


def as_choice(bits_per_char: float) -> str:
    """Return the meaning of a score in words, by its perplexity: 2 to the power of the bits."""
    perplexity = 2 ** min(bits_per_char, _MAX_BITS)
    return f"as if choosing among {perplexity:,.1f} characters"


def in_nats(value: float | None) -> str:
    """Return a loss in nats per character; "" for None."""
    return "" if value is None else f"{value:.4f}"


def bits_cell(nats: float, standard_error: float | None, digits: int) -> str:
    """Return a loss in bits per character, such as ``2.11 ±0.01`` if its error is known.

    Else it has ``digits`` decimals. Both arguments are in nats per character.
    """
    if standard_error is None:
        return f"{bits(nats):.{digits}f}"
    error = bits(standard_error)
    digits = 2 if error >= 0.005 else 3
    return f"{bits(nats):.{digits}f} ±{error:.{digits}f}"


def in_bits(loss: HeldOutLoss | None) -> str:
    """Return a loss in bits per character, and if it is on few characters, on how many."""
    if not loss:
        return ""
    return bits_cell(loss.nats, loss.standard_error, 4) + score_note(loss.characters)


def total_bytes(info: ModelInfo) -> int:
    """Return the size of a model's checkpoints in bytes."""
    return sum(checkpoint.size for checkpoint in info.checkpoints)


def megabytes(size: int) -> str:
    """Return ``size``, in bytes, in megabytes."""
    return f"{size / 1e6:,.1f}"


def network_summary(model: Mapping[str, Any]) -> str:
    """Return the shape of a network, such as ``E 64, H 512, 2 layers, V 84, tied``.

    ``model`` has fields of ``ModelConfig``, perhaps from a damaged file: of any type, or missing.
    """
    embedding, hidden, layers, vocab = (
        str(model.get(name, "–"))[:_MAX_VALUE]
        for name in ("embedding_dim", "hidden_size", "layers", "vocab_size")
    )
    plural = "" if layers == "1" else "s"
    tied = ", tied" if model.get("tie_weights") is True else ""
    return f"E {embedding}, H {hidden}, {layers} layer{plural}, V {vocab}{tied}"


def model_row(info: ModelInfo) -> tuple[str, ...]:
    """Return shape, parameters, best step, loss in nats and bits, checkpoints, MB and text."""
    card = info.best.metadata if info.best else None
    saved = f"{len(info.checkpoints):,}", megabytes(total_bytes(info))
    if card is None:
        return ("", "", "", "", "", *saved, "damaged" if info.checkpoints else "no checkpoint yet")
    layers = f"{card.model.layers}×" if card.model.layers > 1 else ""
    loss = card.losses.held_out
    return (
        f"{layers}{card.model.hidden_size}",
        f"{card.model.parameters:,}",
        f"{card.step:,}",
        in_nats(loss.nats if loss else None),
        in_bits(loss),
        *saved,
        card.corpus.title,
    )


def checkpoint_row(model: ModelInfo, info: CheckpointInfo) -> tuple[str, ...]:
    """Return step, the four losses in nats, MB, and remarks (best, pinned, damaged)."""
    losses = info.metadata.losses if info.metadata else Losses()
    validation_note, carried_note = map(
        score_note, (losses.validation_characters, losses.carried_characters)
    )
    columns = (
        in_nats(losses.train),
        in_nats(losses.validation) + validation_note,
        in_nats(losses.carried) + error_note(losses.carried_standard_error) + carried_note,
        in_nats(losses.windowed_256) + carried_note,
    )
    remarks = {"best": info == model.best, "pinned": info.pinned, "damaged": info.metadata is None}
    shown = ", ".join(remark for remark, holds in remarks.items() if holds)
    return (f"{info.step:,}", *columns, megabytes(info.size), shown)


def format_date(timestamp: str) -> str:
    """Return the local date of an ISO 8601 timestamp, such as ``2026-01-02``."""
    return format_datetime(timestamp)[:_DATE_CHARACTERS]


def format_datetime(timestamp: str) -> str:
    """Return local date, hour and minute of an ISO 8601 timestamp; its start if it is invalid."""
    try:
        return f"{datetime.fromisoformat(timestamp).astimezone():%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError, OSError):  # invalid, or beyond the calendar of the system
        return single_line(timestamp, _DATE_CHARACTERS)


def format_clock(seconds: float) -> str:
    """Return a duration as ``m:ss`` or ``h:mm:ss``."""
    minutes, rest = divmod(round(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def format_approx(seconds: float) -> str:
    """Return an estimated duration in seconds, minutes or hours."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


def bar_parts(fraction: float, width: int) -> tuple[str, str]:
    """Return the done and the remaining part of a line of ``width`` columns."""
    done = round(fraction * width)
    return "━" * done, "─" * (width - done)
