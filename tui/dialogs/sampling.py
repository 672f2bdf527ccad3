"""Ask for the prompt and the temperature of an experiment, and summarize them in a line."""

from collections.abc import Iterable
from typing import Any

from textual.app import App
from textual.content import Content

from charloom.core.data.vocab import Substitution
from charloom.core.errors import CharloomError
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sanitize import quoted
from charloom.tui.dialogs.basic import InputDialog
from charloom.tui.formatting.content import safe_content, safe_line
from charloom.tui.formatting.prompt_changes import describe_changes

_MAX_PROMPT_CHARACTERS = 40  # that are shown


async def ask_prompt(app: App[Any], prompt: str) -> str | None:
    """Return a new prompt, or None when the dialog is cancelled. Must be awaited in a worker."""
    detail = "Leave empty to begin at the start of a line."
    return await app.push_screen_wait(InputDialog("Prompt:", prompt, detail=detail))


async def ask_temperature(app: App[Any], config: SamplingConfig) -> SamplingConfig | None:
    """Return a config with a new temperature, or None when the dialog is cancelled."""
    detail = "0 to 10. Below 1, likely characters become likelier; 0 takes the likeliest."
    dialog = InputDialog(
        "Temperature:", f"{config.temperature:g}", detail=detail, check=_parse_temperature
    )
    typed = await app.push_screen_wait(dialog)
    return None if typed is None else _parse_temperature(typed)


def prompt_summary(prompt: str, changes: Iterable[Substitution], *parts: str) -> Content:
    """Return the prompt, its adapted characters, and ``parts``, in one line."""
    start = safe_line(prompt, _MAX_PROMPT_CHARACTERS, "bold $primary") if prompt else "a new line"
    rest = "".join(f" · {part}" for part in (*parts, describe_changes(prompt, changes)) if part)
    return Content.assemble(start, safe_content(rest, "$text-muted"))


def _parse_temperature(typed: str) -> SamplingConfig:
    try:
        return SamplingConfig(float(typed.replace(",", ".")))
    except ValueError as error:
        message = f"{quoted(typed)} is not a number. A usual temperature is 0.8."
        raise CharloomError(message) from error
