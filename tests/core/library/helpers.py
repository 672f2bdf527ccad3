"""What several tests share."""

from charloom.core.library.generation import Generation


def ids(found: list[Generation]) -> list[int]:
    return [each.id for each in found]
