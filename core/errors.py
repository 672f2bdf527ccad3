"""Errors whose messages are meant for the user."""


class CharloomError(Exception):
    """An error whose message can be shown to the user as is."""


class StorageError(CharloomError):
    """A file could not be written (disk full or permission denied); a later retry may succeed."""


class Cancelled(CharloomError):  # noqa: N818 - an asyncio.CancelledError is another thing
    """An operation was cancelled by its caller."""


class SettingError(CharloomError):
    """A setting is invalid. The command line shows ``str(error)``, which names its option.

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
        return f"--{self.option} {self.problem}"
