"""The key actions available on a screen, for its help and for the command palette."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import key_to_character
from textual.screen import Screen


@dataclass(frozen=True, slots=True)
class KeyAction:
    """An ``action`` of ``node`` and the keys that run it, as they are displayed."""

    node: DOMNode
    action: str
    keys: tuple[str, ...]
    title: str
    tooltip: str  # "" for moves within a control


def active_key_actions(screen: Screen[Any]) -> list[KeyAction]:
    """Return each action that a key runs on ``screen`` now, those of the focused widget first.

    A character that the focused widget takes as text is not a key.
    """
    actions: dict[tuple[int, str], KeyAction] = {}
    for key, node, binding in _active_bindings(screen):
        focused = screen.focused
        if focused and focused.check_consume_key(key, key_to_character(key)):
            continue
        label = screen.app.get_key_display(binding)
        index = id(node), binding.action
        if index not in actions:
            title = binding.description[:1].upper() + binding.description[1:]
            actions[index] = KeyAction(node, binding.action, (label,), title, binding.tooltip)
        elif label not in (keys := actions[index].keys):
            actions[index] = replace(actions[index], keys=(*keys, label))
    return list(actions.values())


def _active_bindings(screen: Screen[Any]) -> Iterator[tuple[str, DOMNode, Binding]]:
    """Yield each active key, the node it is bound on, and its binding."""
    active = screen.active_bindings
    for key, (node, binding, enabled, _) in active.items():
        if enabled and binding.description:
            yield key, node, binding
    if screen.is_modal:  # of the app's keys, only those with priority work in a dialog
        for own in screen.app.BINDINGS:
            if isinstance(own, Binding) and own.priority:
                keys = screen.app._keymap.get(own.id or "")
                used = own.with_key(keys.split(",")[0]) if keys else own
                if used.key not in active:
                    yield used.key, screen.app, used
