"""One generation to read: the prompt and what came of it, and all that it takes to repeat it."""

from collections.abc import Iterator

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from charloom.core.library.generation import Generation, ReplayResult
from charloom.tui.formatting.content import safe_content, safe_line
from charloom.tui.formatting.units import format_datetime
from charloom.tui.library.generation_rows import MARK
from charloom.tui.library.search_highlight import match_spans

_LONGEST_SHOWN = 20_000  # characters: more would have to be waited for
_LONGEST_NAME = 64


class GenerationView(VerticalScroll, can_focus=True):
    """Shows a generation from its beginning; what a replay of it said stands above the text."""

    DEFAULT_CSS = """
    GenerationView {
        padding: 0 2;
        scrollbar-size-vertical: 1;
        Static { max-width: 88; }
        #about { color: $text-muted; }
        #passage { margin-top: 1; }
        #note { margin-top: 1; border-left: solid $border-blurred; padding-left: 1; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._generation: Generation | None = None
        self._query = ""
        self._difference: int | None = None  # where a replay differs from the text

    def compose(self) -> ComposeResult:
        """Lay out what is known, a verdict, the text, and a person's note."""
        for name in ("about", "verdict", "passage", "note"):
            yield Static("", id=name, markup=False)

    def show(self, generation: Generation | None, query: str = "") -> None:
        """Show a generation with the words of ``query`` marked, or nothing."""
        before, self._generation, self._query = self._generation, generation, query
        if not (generation and before and generation.id == before.id):
            self.scroll_home(animate=False)
            self.tell()
        self._part("about").update(Content("\n").join(_about(generation)) if generation else "")
        self._part("note").update(safe_content(generation.note) if generation else "")
        self._part("note").display = bool(generation and generation.note)
        self._show_passage()

    def tell(self, verdict: str = "", outcome: ReplayResult | None = None) -> None:
        """Show ``verdict`` above the text; of a replay that differs, mark where."""
        style = "$text-success" if outcome and outcome.equal else "$text-error" * bool(outcome)
        sign = "" if outcome is None else "= " if outcome.equal else "≠ "
        self._part("verdict").update(safe_content(sign + verdict, style))
        self._part("verdict").display = bool(verdict)
        self._difference = outcome.position if outcome else None
        self._show_passage()

    def _show_passage(self) -> None:
        if self._generation is None:
            self._part("passage").update("")
            return
        prompt = self._generation.prompt
        passage = prompt + self._generation.text
        shown = passage[:_LONGEST_SHOWN]
        content = safe_content(shown).stylize("bold $primary", 0, len(prompt))
        for start, end in match_spans(shown, self._query):
            content = content.stylize(MARK, start, end)
        if self._difference is not None:
            place = len(prompt) + self._difference
            if place >= len(passage):
                content += Content("␃")
            content = content.stylize("reverse bold $error", place, place + 1)
        if len(passage) > len(shown):
            rest = f"\n… and {len(passage) - len(shown):,} more characters, which an export has."
            content += Content.styled(rest, "$text-muted")
        self._part("passage").update(content)

    def _part(self, name: str) -> Static:
        return self.query_one(f"#{name}", Static)


def _about(generation: Generation) -> Iterator[Content]:
    """Yield the lines that tell where a text comes from and how it can be had again."""
    g = generation
    parts = [format_datetime(g.created), f"{len(g.text):,} characters", f"number {g.id}"]
    yield Content.assemble(
        ("★ " if g.starred else "", "$accent"),
        safe_line(g.model, _LONGEST_NAME, "bold"),
        f"@{g.step} · {' · '.join(parts)}",
    )
    parts = [
        f"seed {g.seed}",
        *(_format_setting(name, g) for name in ("temperature", "top_k", "top_p")),
    ]
    if g.bits_per_char is not None:
        parts.append(f"{g.bits_per_char:.2f} bits/char")
    if g.stop:
        parts.append(f"until {g.stop!r}")
    yield safe_content(" · ".join(parts))
    if g.tags:
        yield safe_content(", ".join(g.tags), "$secondary")


def _format_setting(name: str, generation: Generation) -> str:
    """Return the value of a setting, and later values with their first character, from 1."""
    (_, initial), *changes = generation.setting_history(name)
    later = "".join(f" → {value:g} at {position + 1:,}" for position, value in changes)
    return f"{name.replace('_', '-')} {initial:g}{later}"
