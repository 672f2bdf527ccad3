"""The one kind of failure that is meant for a person."""


class CharloomError(Exception):
    """What is wrong and what to do about it, in a sentence that can be shown as it stands."""
