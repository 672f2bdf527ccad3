"""The shell commands that repeat a text or a run."""

import shlex
from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields

from charloom.core.config import ModelConfig, TrainConfig
from charloom.core.library.generation import Generation
from charloom.core.runs.run import RunConfig
from charloom.core.sampling.config import SETTING_NAMES, SamplingConfig
from charloom.core.settings import option_name

_MAX_PROMPT_CHARACTERS = 2_000  # in a command
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def generate_command(generation: Generation, explicit: Collection[str] = ()) -> str:
    """Return the command that writes the text of ``generation`` again; "" if there is none.

    The ``explicit`` settings are written even if they are Charloom's defaults.
    Its length is that of the text, so it needs none of what ended the text. A text whose settings
    or characters were chosen while it was written is only replayed from the library.
    """
    g, default = generation, SamplingConfig()
    prompt = g.context + g.prompt
    if g.changes or g.choices or not _is_argument(prompt):
        return f"charloom favorites replay {g.id}" if g.id else ""
    settings = {name: getattr(g, name) for name in SETTING_NAMES}
    options = {
        "model": g.checkpoint_ref,
        **{k: v for k, v in settings.items() if v != getattr(default, k) or k in explicit},
        "length": len(g.text),
        "seed": g.seed,
    }
    end = ["--"] if prompt.startswith("-") else []
    return _join("generate", _options(options), *end, shell_quote(prompt))


def growth_command(model: str, prompt: str, config: SamplingConfig, seed: int, length: int) -> str:
    """Return the command that writes a text of each checkpoint; "" if there is none."""
    if not _is_argument(prompt):
        return ""
    options = {"length": length, "temperature": config.temperature, "seed": seed}
    return _join("growth", shell_quote(model), "--prompt", shell_quote(prompt), _options(options))


def train_command(config: RunConfig) -> str:
    """Return the command that trains as ``config`` says, on the same text."""
    names = {f.name: option_name(f) for f in (*fields(ModelConfig), *fields(TrainConfig))}
    overrides = {names[k]: v for k, v in config.overrides.items() if k in names}
    base = config.base
    start = f"{base.name}@{base.step}" if base else "none" if config.preset == "auto" else ""
    fold = {"fold": config.min_count} if config.min_count else {}
    options = {"preset": config.preset, **({"from": start} if start else {}), **fold, **overrides}
    return _join("train", shell_quote(config.source), _options(options))


def _is_argument(prompt: str) -> bool:
    return "\0" not in prompt and prompt != "-" and len(prompt) <= _MAX_PROMPT_CHARACTERS


def _options(options: Mapping[str, object]) -> str:
    return shlex.join(_flatten(options))


def _flatten(options: Mapping[str, object]) -> Iterable[str]:
    for name, value in options.items():
        option = name.replace("_", "-")
        if isinstance(value, bool):
            yield f"--{option}" if value else f"--no-{option}"
        else:
            yield from (f"--{option}", str(value))


def _join(*parts: str) -> str:
    return " ".join(["charloom", *filter(None, parts)])


def shell_quote(text: str) -> str:
    """Return ``text`` as one printable word of bash and zsh."""
    if text.isprintable():
        return shlex.quote(text)
    escaped = (
        _ESCAPES.get(character)
        or (character if character.isprintable() else _escape(ord(character)))
        for character in text
    )
    return f"$'{''.join(escaped)}'"


def _escape(code: int) -> str:
    if code < 0x80:
        return f"\\{code:03o}"  # a \\x would take the digits that follow, too
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
