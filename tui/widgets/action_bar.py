"""A line of key hints that are also buttons for the mouse."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from textual import events
from textual.actions import parse
from textual.app import App
from textual.binding import Binding
from textual.content import Content
from textual.dom import DOMNode
from textual.geometry import Size
from textual.style import Style
from textual.widgets import Static

from charloom.tui.formatting.key_text import key_text, with_keys

_APART, _CLOSE = "  ", " "  # gaps between hints
_MORE = Content("…")
BROWSER_KEYS = ("ctrl+n", "ctrl+t", "ctrl+w")
"""Keys that browsers keep for themselves; every action on one has another key, too."""

_HINT = "hint"  # the key of a hint's index in the style of its text


class KeyHint(NamedTuple):
    """A key and the action it runs, in Textual's notation, such as ``screen.star``.

    The key is shown by :func:`with_keys`. Without ``node``, a plain action name belongs to the
    nearest ancestor that has the action.
    """

    key: str
    label: str
    action: str
    node: DOMNode | None = None
    current: bool = False
    """True if it opens what is open."""


def hidden_binding(
    keys: str, action: str, description: str, tooltip: str = "", key_display: str | None = None
) -> Binding:
    """Return a binding that the footer does not show, of a key that stays as it is."""
    return Binding(keys, action, description, show=False, key_display=key_display, tooltip=tooltip)


def key_hints(node: DOMNode, **labels: str | tuple[str, str, str]) -> list[KeyHint]:
    """Return a hint for each action in the BINDINGS of ``node`` that is enabled now, in order.

    ``labels`` replace the descriptions. Each is for an action, with its parameters or, for all
    calls of it, without: ``{"go(1)": ("←→", "stage", "go(1)"), "go": "", "rename": "name"}``
    replaces a whole hint, leaves out the other calls of ``go``, and changes a label.
    """
    hints: dict[str, KeyHint] = {}
    for binding in Binding.make_bindings(node.BINDINGS):
        if node.app.is_web and binding.key in BROWSER_KEYS:
            continue
        _, name, parameters = parse(binding.action)
        label = labels.get(binding.action, labels.get(name, binding.description.lower()))
        if label and binding.action not in hints and node.check_action(name, parameters):
            if isinstance(label, str):
                label = key_of(node.app, binding), label, binding.action
            hints[binding.action] = KeyHint(*label, node)
    return list(hints.values())


def key_of(app: App[Any], binding: Binding) -> str:
    """Return the key of a binding for :func:`with_keys`."""
    key = app.get_key_display(binding)
    return key_text(binding.id, key) if binding.id else key


class ActionBar(Static):
    """Shows key hints, given as ``(key, label, action)`` or :class:`KeyHint`; a click runs one.

    Hints that do not fit move closer together. Those that then do not fit are left out, and the
    bar ends in ``…``; the command palette lists all actions.
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

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        return len(self._lines(width, _CLOSE))

    def render(self) -> Content:
        width, height = self.content_size
        lines, gap = self._lines(width, _APART), _APART
        if len(lines) > height:
            lines, gap = self._lines(width, _CLOSE), _CLOSE
        if len(lines) > height:
            *lines, last = lines[: max(1, height)]
            while last and _length([*last, _MORE], gap) > width:
                last.pop()
            lines.append([*last, _MORE])
        return Content("\n").join(Content(gap).join(line) for line in lines)

    def _lines(self, width: int, gap: str) -> list[list[Content]]:
        """Return the hints in as many lines of ``width`` as they need."""
        lines: list[list[Content]] = [[]]
        for index, hint in enumerate(self._hints):
            key = with_keys(self.app, hint.key)
            part = Content.assemble((key, "bold $accent"), " ", hint.label)
            if hint.current:
                part = Content.styled(part.plain, "bold reverse $accent")
            part = part.stylize(Style.from_meta({_HINT: index})).truncate(width, ellipsis=True)
            if lines[-1] and _length([*lines[-1], part], gap) > width:
                lines.append([])
            lines[-1].append(part)
        return lines

    async def on_click(self, event: events.Click) -> None:
        index = event.style.meta.get(_HINT)
        if index is not None and index < len(self._hints) and self._hints[index].action:
            hint = self._hints[index]
            _, name, _ = parse(hint.action)
            owners = (node for node in self.ancestors if hasattr(node, f"action_{name}"))
            await self.app.run_action(hint.action, hint.node or next(owners, self.app))


def _length(parts: list[Content], gap: str) -> int:
    """Return the columns of ``parts`` with a gap between them."""
    return sum(part.cell_length for part in parts) + len(gap) * (len(parts) - 1)


class Footer(ActionBar, inherit_css=False):
    """The keys of the screen and of the app, on its last line."""

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self._update())

    def _update(self) -> None:
        app, mode = self.app, f"switch_mode({self.app.current_mode!r})"
        shown = [binding for binding in Binding.make_bindings(app.BINDINGS) if binding.show]
        self.update_hints(
            KeyHint(key_of(app, each), each.description, each.action, app, each.action == mode)
            for each in shown
        )
