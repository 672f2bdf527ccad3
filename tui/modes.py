"""The screens with a mode of their own: each is kept, and opened by a function key."""

from typing import TYPE_CHECKING

from charloom.tui.services.app_services import AppServices

if TYPE_CHECKING:
    from charloom.tui.tour.subject import TourRequest
    from charloom.tui.widgets.base_screen import BaseScreen

MODES = ("prompt", "train", "library", "settings", "tour")


def create_screen(
    mode: str, services: AppServices, tour: "TourRequest | None" = None
) -> "BaseScreen":
    """Return the screen of ``mode``; its module is imported now, for a faster first frame."""
    match mode:
        case "train":
            from charloom.tui.train.screen import TrainScreen

            return TrainScreen(services)
        case "library":
            from charloom.tui.library.screen import LibraryScreen

            return LibraryScreen(services)
        case "settings":
            from charloom.tui.settings.screen import SettingsScreen

            return SettingsScreen(services)
        case "tour":
            from charloom.tui.tour.screen import TourScreen

            return TourScreen(services, tour)
    from charloom.tui.prompt.screen import PromptScreen

    return PromptScreen(services)
