"""The failures that are meant for a person."""


class CharloomError(Exception):
    """What is wrong and what to do about it, in a sentence that can be shown as it stands."""


class StorageError(CharloomError):
    """What is to be kept cannot be, for want of room or leave; that may be otherwise later."""
