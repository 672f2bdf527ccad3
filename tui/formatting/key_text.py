"""Keys in texts: the user's own in place of the first ones."""

import re
from typing import Any

from textual.app import App
from textual.binding import Binding

_KEY = r"\{([a-z_]+\.[a-z_]+)\|([^}]+)\}"
_KEYS = re.compile(f"(?:{_KEY})+")


def key_text(id: str, key: str) -> str:  # noqa: A002 - Textual's name for it
    """Return a part of a text for :func:`with_keys`."""
    return f"{{{id}|{key}}}"


def with_keys(app: App[Any], text: str) -> str:
    """Return ``text`` with a key in place of each ``{ID|KEY}``.

    ``ID`` is that of a binding; its key is ``KEY`` unless the user has given it another one. Keys
    next to each other are kept apart if one is the user's own: ``←→`` becomes ``F9 →``.
    """

    def replace(match: re.Match[str]) -> str:
        pairs = re.findall(_KEY, match[0])
        own = [app._keymap.get(id_, "").partition(",")[0] for id_, _ in pairs]
        keys = [
            app.get_key_display(Binding(key, "")) if key else first
            for key, (_, first) in zip(own, pairs, strict=True)
        ]
        return (" " if any(own) else "").join(keys)

    return _KEYS.sub(replace, text)
