"""What several tests share."""

from textual.binding import Binding

from charloom.tui.app import CharloomApp
from charloom.tui.train.screen import TrainScreen


def possible(app: CharloomApp) -> set[str]:
    """Return the enabled actions of the screen."""
    actions = {binding.action for binding in TrainScreen.BINDINGS if isinstance(binding, Binding)}
    active = app.screen.active_bindings.values()
    return actions & {item.binding.action for item in active if item.enabled}
