"""A generation to store, search and export."""

from typing import Any

from charloom.core.library.generation import Generation


def generation(text: str = " that no disaster", **over: Any) -> Generation:
    """Return a generation with ``text``; ``over`` replaces other fields."""
    fields: dict[str, Any] = {
        "created": "2026-01-02T03:04:05+00:00",
        "model": "creature",
        "step": 4210,
        "checkpoint_sha256": "ab" * 32,
        "prompt": "You will rejoice to hear",
        "text": text,
        "temperature": 0.8,
        "top_k": 40,
        "top_p": 1.0,
        "length": 500,
        "seed": 7,
        "chars_per_second": 1840.5,
    }
    return Generation(**fields | over)
