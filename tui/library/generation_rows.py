"""How a generation looks in a list: on one line where that is wide, else on two."""

from textual.content import Content

from charloom.core.library.generation import Generation
from charloom.core.sanitize import single_line
from charloom.tui.formatting.content import safe_line
from charloom.tui.formatting.units import format_date
from charloom.tui.library.search_highlight import match_spans

MARK = "bold underline $accent"  # a word that was searched for
ONE_LINE_FROM = 72  # columns

_MODEL = 18  # columns of a model's name and step
_TAGS = 24
_BEFORE = 12  # characters shown before the first word that was searched for


def lines_at(width: int) -> int:
    """Return how many lines a generation takes in a list of this width."""
    return 1 if width >= ONE_LINE_FROM else 2


def rows(generation: Generation, query: str, width: int) -> list[Content]:
    """Return the lines of a generation, the words of ``query`` marked in them."""
    about = Content.assemble(
        ("★ " if generation.starred else "  ", "$accent"),
        (f"{format_date(generation.created)}  ", "$text-muted"),
        address(generation, _MODEL),
    )
    tags = safe_line(", ".join(generation.tags), _TAGS, "$secondary")
    if lines_at(width) == 1:
        left = _MODEL - len(address(generation, _MODEL)) + 2
        between = Content("  ") if tags else Content("")
        head = Content.assemble(about, " " * left, tags, between)
        return [head + excerpt(generation, query, max(1, width - head.cell_length))]
    return [
        Content.assemble(about, "  ", tags),
        Content("  ") + excerpt(generation, query, max(1, width - 2)),
    ]


def address(generation: Generation, limit: int) -> str:
    """Return model and step on ``limit`` characters, the step whole."""
    step = f"@{generation.step}"
    return single_line(generation.model, max(1, limit - len(step))) + step


def excerpt(generation: Generation, query: str, limit: int) -> Content:
    """Return some of the text on ``limit`` characters, from shortly before what was searched.

    Where nothing was, the end of the prompt has a third of them at most: many texts have the same.
    """
    passage, own = generation.prompt + generation.text, len(generation.prompt)
    places = match_spans(passage, query)
    start = max(0, places[0][0] - _BEFORE if places else own - limit // 3)
    if start:  # begin with a whole word, where one is near
        start = passage.find(" ", start, places[0][0] if places else own) + 1 or start
    cut = "…" * bool(start)
    shift = start - len(cut)
    content = safe_line(cut + passage[start:], limit)
    content = content.stylize("$text-muted", 0, max(0, min(limit, own - shift)))
    for begin, end in places:
        if begin - shift >= limit - 1:
            break
        content = content.stylize(MARK, max(0, begin - shift), min(end - shift, limit - 1))
    return content
