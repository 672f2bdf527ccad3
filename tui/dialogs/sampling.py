"""What is tried out on models: a prompt and a temperature, asked for and told in one line."""

from collections.abc import Iterable
from typing import Any

from textual.app import App
from textual.content import Content

from charloom.core.data.vocab import Substitution
from charloom.core.errors import CharloomError
from charloom.core.sampling.config import SamplingConfig
from charloom.tui.dialogs.basic import InputDialog
from charloom.tui.formatting.content import safe_content, safe_line
from charloom.tui.formatting.prompt_changes import describe_changes

_PROMPT = 40  # characters of it that are shown


async def ask_prompt(app: App[Any], prompt: str) -> str | None:
    """Return another prompt than ``prompt``; None when that was given up. In a worker."""
    detail = "With nothing there, the models begin as at the start of a line."
    return await app.push_screen_wait(
        InputDialog("What do they go on from?", prompt, detail=detail)
    )


async def ask_temperature(app: App[Any], settings: SamplingConfig) -> SamplingConfig | None:
    """Return another temperature than that of ``settings``; None when that was given up."""
    detail = "0 to 10: below 1 bolder about what is likely, 0 always takes the likeliest."
    dialog = InputDialog("How warm?", f"{settings.temperature:g}", detail=detail, check=_settings)
    typed = await app.push_screen_wait(dialog)
    return None if typed is None else _settings(typed)


def prompt_summary(prompt: str, changes: Iterable[Substitution], *parts: str) -> Content:
    """Return the prompt and what became of it, and whatever else is the same for all."""
    shown = safe_line(prompt, _PROMPT, "bold $primary") if prompt else Content("a new line")
    rest = "".join(f" · {part}" for part in (*parts, describe_changes(prompt, changes)) if part)
    return shown + safe_content(rest, "$text-muted")


def _settings(typed: str) -> SamplingConfig:
    try:
        return SamplingConfig(float(typed.replace(",", ".")))
    except ValueError as error:
        raise CharloomError(f"{typed[:40]!r} is no number; a usual temperature is 0.8.") from error
