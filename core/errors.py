"""Errors whose messages are meant for the user.

They name no key, command or option: the command line adds its own to some of them, see
``error_message`` of ``charloom.tui.console.output``.
"""

from collections.abc import Iterator
from contextlib import contextmanager


class CharloomError(Exception):
    """An error whose message can be shown to the user as is."""


class StorageError(CharloomError):
    """A file could not be written (disk full or permission denied); a later retry may succeed."""


class Cancelled(CharloomError):  # noqa: N818 - an asyncio.CancelledError is another thing
    """An operation was cancelled by its caller."""


class UnknownModelError(CharloomError):
    """There is no model of a name."""


class UnknownTextError(CharloomError):
    """There is no file and no catalog text of a name."""


class MissingTextError(CharloomError):
    """The training text of a model is not on this computer."""


class BeingTrainedError(CharloomError):
    """The model ``name`` is being trained, so that it cannot be changed or trained twice."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"{self.name!r} is being trained."


class SettingError(CharloomError):
    """A setting is invalid.

    Attributes:
        problem: the rest of a sentence that begins with the setting's name.
        option: the option's name without dashes, which is also the label of a form's field.
    """

    def __init__(self, field: str, problem: str, option: str = "") -> None:
        super().__init__(field, problem, option)
        self.field = field
        self.problem = problem
        self.option = option or field.replace("_", "-")

    def __str__(self) -> str:
        return f"{setting_label(self.option)} {self.problem}"


@contextmanager
def memory_for(subject: str, advice: str) -> Iterator[None]:
    """Turn a lack of memory in the block into an error that names its ``subject``."""
    try:
        yield
    except MemoryError as error:
        raise CharloomError(f"There is not enough memory for {subject}; {advice}.") from error


def setting_label(option: str) -> str:
    """Return the name of the setting of a command-line option, given without dashes."""
    return f"‘{option}’"
