"""A line of key hints that are also buttons for the mouse."""

from collections.abc import Iterable
from typing import NamedTuple

from textual import events
from textual.actions import parse
from textual.binding import Binding
from textual.content import Content
from textual.dom import DOMNode
from textual.style import Style
from textual.widgets import Static

_HINT = "hint"  # the key of a hint's index in the style of its text


class KeyHint(NamedTuple):
    """A key and the action it runs, in Textual's notation, such as ``screen.star``.

    Without ``node``, a plain action name belongs to the nearest ancestor that has the action.
    """

    key: str
    label: str
    action: str
    node: DOMNode | None = None


def hidden_binding(
    keys: str, action: str, description: str, tooltip: str = "", key_display: str | None = None
) -> Binding:
    """Return a binding that the footer does not show."""
    return Binding(keys, action, description, show=False, key_display=key_display, tooltip=tooltip)


def key_hints(node: DOMNode, **labels: str | tuple[str, str, str]) -> list[KeyHint]:
    """Return a hint for each action in the BINDINGS of ``node`` that is enabled now, in order.

    ``labels`` replace the descriptions. Each is for an action, with its parameters or, for all
    calls of it, without: ``{"go(1)": ("←→", "stage", "go(1)"), "go": "", "rename": "name"}``
    replaces a whole hint, leaves out the other calls of ``go``, and changes a label.
    """
    hints: dict[str, KeyHint] = {}
    for binding in Binding.make_bindings(node.BINDINGS):
        _, name, parameters = parse(binding.action)
        label = labels.get(binding.action, labels.get(name, binding.description.lower()))
        if label and binding.action not in hints and node.check_action(name, parameters):
            if isinstance(label, str):
                label = node.app.get_key_display(binding), label, binding.action
            hints[binding.action] = KeyHint(*label, node)
    return list(hints.values())


class ActionBar(Static):
    """Shows key hints, given as ``(key, label, action)`` or :class:`KeyHint`; a click runs one.

    Hints that do not fit are left out: the command palette lists all actions.
    """

    def __init__(
        self,
        hints: Iterable[tuple[str, str, str] | KeyHint] = (),
        *,
        id: str | None = None,  # noqa: A002 - Textual's name for it
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._hints = [KeyHint(*hint) for hint in hints]

    def update_hints(self, hints: Iterable[tuple[str, str, str] | KeyHint]) -> None:
        new_hints = [KeyHint(*hint) for hint in hints]
        if new_hints != self._hints:
            self._hints = new_hints
            self.refresh(layout=True)

    def render(self) -> Content:
        width, height = self.content_size
        lines: list[list[Content]] = [[]]
        left = width
        for index, hint in enumerate(self._hints):
            part = Content.assemble((hint.key, "$accent"), " ", hint.label)
            if part.cell_length > left:
                if len(lines) >= height:
                    break
                lines.append([])
                left = width
            lines[-1].append(part.stylize(Style.from_meta({_HINT: index})))
            left -= part.cell_length + 2
        return Content("\n").join(Content("  ").join(parts) for parts in lines)

    async def on_click(self, event: events.Click) -> None:
        index = event.style.meta.get(_HINT)
        if index is not None and index < len(self._hints) and self._hints[index].action:
            hint = self._hints[index]
            _, name, _ = parse(hint.action)
            owners = (node for node in self.ancestors if hasattr(node, f"action_{name}"))
            await self.app.run_action(hint.action, hint.node or next(owners, self.app))
