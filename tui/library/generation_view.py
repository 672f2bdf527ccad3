"""One generation: prompt, text, settings and note."""

from collections.abc import Iterator

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from charloom.core.library.generation import Generation, ReplayResult, format_value
from charloom.core.library.search import match_spans
from charloom.core.sampling.config import SETTING_NAMES
from charloom.core.wording import plural
from charloom.tui.formatting.content import safe_content, safe_line
from charloom.tui.formatting.flowing import flow
from charloom.tui.formatting.units import format_datetime
from charloom.tui.library.generation_rows import MATCH_STYLE
from charloom.tui.widgets.finding import FindableText
from charloom.tui.widgets.untrusted_text import UntrustedText

_MAX_SHOWN_CHARACTERS = 20_000  # more would take noticeably long
_MAX_NAME_CHARACTERS = 64


class GenerationView(FindableText, can_focus=True):
    """Shows a generation, and the verdict of its replay above the text."""

    def __init__(self) -> None:
        super().__init__()
        self._generation: Generation | None = None
        self._query = ""
        self._difference: int | None = None  # where the replay differs

    def compose(self) -> ComposeResult:
        yield Static("", id="about", markup=False)
        yield Static("", id="verdict", markup=False)
        yield UntrustedText(id="text")
        yield UntrustedText(id="note")

    def set_generation(self, generation: Generation | None, query: str = "") -> None:
        """Show a generation with the matches of ``query`` highlighted, or nothing."""
        before, self._generation, self._query = self._generation, generation, query
        if not (generation and before and generation.id == before.id):
            self.scroll_home(animate=False)
            self.show_verdict()
        self._part("about").update(Content("\n").join(_describe(generation)) if generation else "")
        note = generation.note if generation else ""
        self.query_one("#note", UntrustedText).set_text(safe_content(note), note)
        self._part("note").display = bool(note)
        self._show_text()

    def show_verdict(self, verdict: str = "", result: ReplayResult | None = None) -> None:
        """Show ``verdict`` above the text, and mark where a replay differs."""
        style = "$text-success" if result and result.equal else "$text-error" * bool(result)
        symbol = "" if result is None else "= " if result.equal else "≠ "
        self._part("verdict").update(safe_content(symbol + verdict, style))
        self._part("verdict").display = bool(verdict)
        self._difference = result.position if result else None
        self._show_text()

    def on_resize(self) -> None:
        self._show_text()

    def _show_text(self) -> None:
        if self._generation is None:
            self._part("text").update("")
            return
        prompt = self._generation.prompt
        full_text = prompt + self._generation.text
        shown = full_text[:_MAX_SHOWN_CHARACTERS]
        too_wide = max(map(len, shown.split("\n"))) > self.scrollable_content_region.width
        lines = flow(shown) if too_wide else shown  # as in Prompt
        content = safe_content(lines).stylize("bold $primary", 0, len(prompt))
        for start, end in match_spans(shown, self._query):
            content = content.stylize(MATCH_STYLE, start, end)
        if self._difference is not None:
            position = len(prompt) + self._difference
            if position >= len(full_text):
                content += Content("␃")
            content = content.stylize("reverse bold $error", position, position + 1)
        if len(full_text) > len(shown):
            rest = plural(len(full_text) - len(shown), "more character")
            advice = f"\n… and {rest}; export the text to read it all."
            content += Content.styled(advice, "$text-muted")
        self.query_one("#text", UntrustedText).set_text(content, shown, lines)

    def _part(self, name: str) -> Static:
        return self.query_one(f"#{name}", Static)


def _describe(generation: Generation) -> Iterator[Content]:
    """Yield the lines on the origin of a text and the settings that reproduce it."""
    g = generation
    parts = [format_datetime(g.created), plural(len(g.text), "character"), f"number {g.id}"]
    yield Content.assemble(
        ("★ " if g.starred else "", "$accent"),
        safe_line(g.model, _MAX_NAME_CHARACTERS, "bold"),
        f"@{g.step} · {' · '.join(parts)}",
    )
    parts = [
        f"seed {g.seed}",
        *(_format_setting(name, g) for name in SETTING_NAMES),
    ]
    if g.bits_per_char is not None:
        parts.append(f"{g.bits_per_char:.2f} bits/char")
    if g.stop:
        parts.append(f"{'after' if g.keep_stop else 'stop'} {' or '.join(map(repr, g.stop))}")
    if g.until:
        parts.append(f"until {g.until}")
    yield safe_content(" · ".join(parts))
    if g.tags:
        yield safe_content(", ".join(g.tags), "$secondary")


def _format_setting(name: str, generation: Generation) -> str:
    """Return the value of a setting, and later values with their first character, from 1."""
    (_, initial), *changes = generation.setting_history(name)
    later = "".join(f" → {format_value(value)} at {position + 1:,}" for position, value in changes)
    return f"{name.replace('_', '-')} {format_value(initial)}{later}"
