"""Messages with which a widget asks the app to open a screen of another feature."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from charloom.core.library.generation import Generation
    from charloom.core.store.ref import CheckpointRef
    from charloom.tui.services.model_cache import LoadedModel


@dataclass
class AskForPhrase(Message):
    """Ask for a phrase to find, the last one at first, and call ``find`` with it."""

    phrase: str
    find: Callable[[str], object]


@dataclass
class OpenPrompt(Message):
    """Open Prompt with the model ``ref``."""

    ref: "CheckpointRef"


@dataclass
class ReopenGeneration(Message):
    """Open Prompt with a stored generation and its exact settings."""

    generation: "Generation"


@dataclass
class OpenInspector(Message):
    """Open the inspector on a model, with a held-out text unless ``text`` is given."""

    model: "LoadedModel | CheckpointRef"
    text: str | None = None


@dataclass
class OpenGrowth(Message):
    """Show what every checkpoint of the model ``name`` generates."""

    name: str


@dataclass
class OpenComparison(Message):
    """Compare the checkpoint ``ref`` with another."""

    ref: "CheckpointRef"
