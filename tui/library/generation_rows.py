"""Render a generation as a row of the list: one line if it is wide enough, else two."""

from textual.content import Content

from charloom.core.library.generation import Generation
from charloom.core.library.search import match_spans
from charloom.tui.formatting.columns import fit_columns
from charloom.tui.formatting.content import fit_line, pad_line, safe_line
from charloom.tui.formatting.graphemes import cell_len, extends
from charloom.tui.formatting.units import format_date

MATCH_STYLE = "bold underline $accent"
MIN_ONE_LINE_COLUMNS = 72

_MODEL_COLUMNS = 18  # of a model's name and step
_TAG_COLUMNS = 24
_CONTEXT_CHARACTERS = 12  # before the first match


def lines_per_row(width: int) -> int:
    """Return the number of lines of a row in a list of this width."""
    return 1 if width >= MIN_ONE_LINE_COLUMNS else 2


def render_row(generation: Generation, query: str, width: int) -> list[Content]:
    """Return the lines of a row, with the matches of ``query`` highlighted."""
    about = Content.assemble(
        ("★ " if generation.starred else "  ", "$accent"),
        (f"{format_date(generation.created)}  ", "$text-muted"),
    )
    ref, tags = f"{generation.model}@{generation.step}", ", ".join(generation.tags)
    if lines_per_row(width) == 1:
        ref_width = max(_MODEL_COLUMNS, width // 5)
        ref = pad_line(short_ref(generation, ref_width), ref_width)
        tag_line = safe_line(tags, _TAG_COLUMNS, "$secondary")
        head = Content.assemble(about, ref, "  ", tag_line, "  " * bool(tags))
        return [head + excerpt(generation, query, max(1, width - head.cell_length))]
    room = width - about.cell_length - 2
    ref_width, tag_width = fit_columns([cell_len(ref), cell_len(tags)], room, _MODEL_COLUMNS)
    tag_line = safe_line(tags, max(1, tag_width), "$secondary")
    return [
        Content.assemble(about, short_ref(generation, ref_width), "  ", tag_line),
        Content("  ") + excerpt(generation, query, max(1, width - 2)),
    ]


def short_ref(generation: Generation, limit: int) -> str:
    """Return ``MODEL@STEP`` in ``limit`` columns; the step is never cut."""
    step = f"@{generation.step}"
    return fit_line(generation.model, max(1, limit - len(step))) + step


def excerpt(generation: Generation, query: str, limit: int) -> Content:
    """Return ``limit`` columns of prompt and text, from shortly before the first match.

    Without a match, at most a third of them is the prompt's end, which many texts share.
    """
    full_text, prompt_length = generation.prompt + generation.text, len(generation.prompt)
    matches = match_spans(full_text, query)
    if matches:
        start, stop = matches[0][0] - _CONTEXT_CHARACTERS, matches[0][0]
    else:
        start, stop = prompt_length - limit // 3, prompt_length
    start = max(0, start)
    if start:  # begin with a whole word if there is one
        start = full_text.find(" ", start, stop) + 1 or start
        while start < stop and extends(full_text[start]):
            start += 1
    ellipsis = "…" * bool(start)
    offset = start - len(ellipsis)
    content = safe_line(ellipsis + full_text[start:], limit)
    content = content.stylize("$text-muted", 0, max(0, min(len(content), prompt_length - offset)))
    last = len(content) - content.plain.endswith("…")
    for begin, end in matches:
        if begin - offset >= last:
            break
        while end < len(full_text) and extends(full_text[end]):
            end += 1
        content = content.stylize(MATCH_STYLE, max(0, begin - offset), min(end - offset, last))
    return content
