"""The keys that do something where a person is: for the help, and for the palette of commands."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import key_to_character
from textual.screen import Screen


@dataclass(frozen=True, slots=True)
class KeyAction:
    """Something that can be done: an ``action`` of ``node``, and the keys that do it."""

    node: DOMNode
    action: str
    keys: tuple[str, ...]  # as a person reads them
    words: str
    tooltip: str  # "" for what only moves about in a control

    @property
    def title(self) -> str:
        """The words, as they begin a line."""
        return self.words[:1].upper() + self.words[1:]


def active_key_actions(screen: Screen[Any]) -> list[KeyAction]:
    """Return what the keys do on ``screen`` now, each deed once, those of the focused widget first.

    A character that the focused widget would take as text is no key.
    """
    found: dict[tuple[int, str], KeyAction] = {}
    for key, node, binding in _bound(screen):
        focused = screen.focused
        if focused and focused.check_consume_key(key, key_to_character(key)):
            continue
        before = found.get((id(node), binding.action))
        keys = before.keys if before else ()
        shown = screen.app.get_key_display(binding)
        found[id(node), binding.action] = KeyAction(
            node=node,
            action=binding.action,
            keys=keys if shown in keys else (*keys, shown),
            words=before.words if before else binding.description,
            tooltip=before.tooltip if before else binding.tooltip,
        )
    return list(found.values())


def _bound(screen: Screen[Any]) -> Iterator[tuple[str, DOMNode, Binding]]:
    """Yield each key that is bound, whose it is, and to what."""
    active = screen.active_bindings
    for key, (node, binding, enabled, _) in active.items():
        if enabled and binding.description:
            yield key, node, binding
    if screen.is_modal:  # the app's keys do nothing there, but for those that come before all
        for own in screen.app.BINDINGS:
            if isinstance(own, Binding) and own.priority and own.key not in active:
                yield own.key, screen.app, own
