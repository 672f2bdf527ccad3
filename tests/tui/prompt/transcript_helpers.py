"""What several tests share."""

from charloom.tui.prompt.turn import Turn
from charloom.tui.widgets.streaming_text import StreamingText


def lines(turn: Turn) -> list[str]:
    """Return the rows of a text as drawn, without the margin."""
    flow = turn.query_one(StreamingText)
    return [flow.render_line(y).text[3:].rstrip() for y in range(len(flow._rows))]


def drawn(turn: Turn) -> str:
    """Return the text of the rows, with the newlines of the text."""
    flow = turn.query_one(StreamingText)
    starts = [flow._rows[row].start for row in range(len(flow._rows))]
    pairs = zip(starts, [*starts[1:], None], strict=True)
    pieces = [flow._text[start:end] for start, end in pairs]
    for line, piece in zip(lines(turn), pieces, strict=True):
        assert line == piece.rstrip(" \n").rstrip()
    return "".join(pieces)
