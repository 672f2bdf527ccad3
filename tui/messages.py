"""Messages with which a widget asks the app to open a screen of another feature."""

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from charloom.core.library.generation import Generation
    from charloom.core.store.ref import CheckpointRef
    from charloom.tui.services.model_cache import LoadedModel


class OpenPrompt(Message):
    """Open Prompt with the model ``ref``."""

    def __init__(self, ref: "CheckpointRef") -> None:
        super().__init__()
        self.ref = ref


class ReopenGeneration(Message):
    """Open Prompt with a stored generation and its exact settings."""

    def __init__(self, generation: "Generation") -> None:
        super().__init__()
        self.generation = generation


class OpenInspector(Message):
    """Open the inspector on a model, which may be loaded already.

    ``text`` is what the network reads; without one, it is a text that it has not seen.
    """

    def __init__(self, model: "LoadedModel | CheckpointRef", text: str | None = None) -> None:
        super().__init__()
        self.model = model
        self.text = text


class OpenGrowth(Message):
    """Show what every checkpoint of the model ``name`` writes."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


class OpenComparison(Message):
    """Compare the checkpoint ``ref`` with another."""

    def __init__(self, ref: "CheckpointRef") -> None:
        super().__init__()
        self.ref = ref
