"""A generation with everything needed to replay it, its export formats, and the replay result."""

import json
import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Self

from charloom.core.errors import CharloomError
from charloom.core.sampling.config import (
    SETTING_NAMES,
    Choice,
    SamplingChange,
    SamplingConfig,
    validate_changes,
    validate_choices,
)
from charloom.core.sampling.ending import Ending
from charloom.core.store.ref import CheckpointRef

EXPORT_FORMATS = ("txt", "md", "jsonl")

_MAX_TAG = 40
_SURROGATES = re.compile("[\ud800-\udfff]")
_MARKDOWN = re.compile(r"[\\`*_\[\]<>&~|]")  # may start markup within a line


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """A prompt, the text that a model generated after it, and what is needed to replay it.

    An instance can be stored and exported: numbers are finite and changes are in range (else
    :class:`CharloomError`), tags are normalized and sorted, and lone surrogates, which UTF-8 lacks,
    are replaced by U+FFFD.
    """

    id: int = 0  # given by the library
    created: str = field(default_factory=_now)  # ISO 8601, UTC
    model: str
    step: int
    checkpoint_sha256: str
    context: str = ""  # what the model read before the prompt: the conversation so far
    prompt: str  # as given to the model: in characters of its vocabulary
    text: str  # without the prompt
    temperature: float
    top_k: int
    top_p: float
    min_p: float = 0.0
    words: str = "any"
    changes: tuple[SamplingChange, ...] = ()  # of these five, during generation
    choices: tuple[Choice, ...] = ()  # characters that the user chose instead of a drawn one
    length: int  # characters requested; ``text`` is shorter if ``stop`` ended it,
    stop: tuple[str, ...] = ()
    keep_stop: bool = False
    until: str = ""  # and longer if it went on to the end of this unit: see Ending
    seed: int
    chars_per_second: float
    bits_per_char: float | None = None  # mean over ``text``, by the model's own probabilities
    starred: bool = False
    tags: tuple[str, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        end = max(self.length, len(self.text))
        object.__setattr__(self, "changes", validate_changes(self.changes, end))
        object.__setattr__(self, "choices", validate_choices(self.choices))
        given = (self.stop,) if isinstance(self.stop, str) else self.stop
        stops = (_SURROGATES.sub("\ufffd", stop) for stop in given)
        object.__setattr__(self, "stop", tuple(dict.fromkeys(filter(None, stops))))
        object.__setattr__(self, "tags", tuple(sorted(set(map(clean_tag, self.tags)))))
        for name in (f.name for f in fields(self)):
            value = getattr(self, name)
            if isinstance(value, str):
                object.__setattr__(self, name, _SURROGATES.sub("\ufffd", value))
            elif isinstance(value, float) and not math.isfinite(value):
                raise CharloomError(f"A generation's {name} is a number, not {value}.")
        _ = self.ending  # raises for an unknown unit

    @property
    def checkpoint_ref(self) -> CheckpointRef:
        """The checkpoint that wrote the text: ``NAME@STEP``."""
        return CheckpointRef.at(self.model, self.step)

    @property
    def ending(self) -> Ending:
        """The stop strings and the unit that end the text."""
        return Ending(self.stop, self.keep_stop, self.until)

    @property
    def sampling(self) -> SamplingConfig:
        """The settings of the first character."""
        return SamplingConfig(*(getattr(self, name) for name in SETTING_NAMES))

    def setting_history(self, name: str) -> list[tuple[int, float | str]]:
        """Return the values of a sampling setting, each with the position it applies from."""
        history: list[tuple[int, float | str]] = [(0, getattr(self, name))]
        for change in self.changes:
            if (value := getattr(change, name)) != history[-1][1]:
                history.append((change.position, value))
        return history


def clean_tag(tag: str) -> str:
    """Return ``tag`` normalized: lower case, composed (NFC), single spaces."""
    clean = " ".join(tag.lower().split())
    if len(clean) < _MAX_TAG**2:  # composing takes quadratic time in combining accents
        clean = unicodedata.normalize("NFC", clean)
    if not 0 < len(clean) <= _MAX_TAG or "," in clean or not clean.isprintable():
        raise CharloomError(
            f"The tag {tag[: _MAX_TAG + 1]!r} cannot be used; "
            f"a tag is 1 to {_MAX_TAG} visible characters without a comma."
        )
    return clean


def format_generations(generations: Iterable[Generation], kind: str) -> str:
    """Return ``generations`` as the content of a file of ``kind``: :data:`EXPORT_FORMATS`.

    ``"txt"`` and ``"md"`` are for reading. ``"jsonl"`` has every field, one object per line, in
    ASCII: ``Generation(**json.loads(line))`` restores the generation.
    """
    if kind not in EXPORT_FORMATS:
        raise CharloomError(
            f"The format of an export is one of {', '.join(EXPORT_FORMATS)}, not {kind!r}."
        )
    if kind == "jsonl":
        return "".join(json.dumps(asdict(generation)) + "\n" for generation in generations)
    if kind == "md":
        return "\n".join(map(_markdown, generations))
    return f"\n{'─' * 72}\n\n".join(map(_plain, generations))


def _heading(generation: Generation) -> str:
    return f"Generation {generation.id}{' ★' if generation.starred else ''}"


def _provenance(generation: Generation) -> str:
    g = generation
    parts = [
        f"Model {g.model}",
        f"step {g.step:,}",
        f"checkpoint {g.checkpoint_sha256[:12]}",
        *(_format_setting(name, g) for name in SETTING_NAMES),
        f"seed {g.seed}",
        *([f"context length {len(g.context):,}"] if g.context else []),
        f"prompt length {len(g.prompt):,}",
        g.created,
    ]
    if g.stop:
        parts.append(f"{'after' if g.keep_stop else 'stop'} {' or '.join(map(repr, g.stop))}")
    if g.until:
        parts.append(f"until {g.until}")
    if g.choices:
        parts.append(f"chosen {', '.join(f'{at + 1:,} {c!r}' for at, c in g.choices)}")
    if g.bits_per_char is not None:
        parts.append(f"{g.bits_per_char:.2f} bits/char")
    if g.tags:
        parts.append(f"tags: {', '.join(g.tags)}")
    return " · ".join(parts)


def _format_setting(name: str, generation: Generation) -> str:
    """Return the value of a setting, and later values with their first character, from 1."""
    (_, initial), *changes = generation.setting_history(name)
    parts = [
        format_value(initial),
        *(f"{format_value(v)} from character {at + 1:,}" for at, v in changes),
    ]
    return f"{name.replace('_', '-')} {', '.join(parts)}"


def format_value(value: float | str) -> str:
    """Return the value of a sampling setting."""
    return f"{value:g}" if isinstance(value, float) else f"{value}"


def _plain(generation: Generation) -> str:
    head = f"{_heading(generation)}\n{_provenance(generation)}\n"
    note = f"{generation.note}\n" if generation.note else ""
    return f"{head}{note}\n{generation.prompt}{generation.text}\n"


def _markdown(generation: Generation) -> str:
    full_text = generation.prompt + generation.text
    # Only a fence of the same length closes a block, so nothing in the text can do so.
    longest_ticks = max(map(len, re.findall("`+", full_text)), default=0)
    fence = "`" * max(3, longest_ticks + 1)
    lines = re.split(r"\r\n|\r|\n", generation.note) if generation.note else []
    note = "".join(f"> {line}\n" for line in lines)
    provenance = _MARKDOWN.sub(r"\\\g<0>", _provenance(generation))
    blocks = [f"## {_heading(generation)}\n", f"{provenance}\n", note]
    blocks.append(f"{fence}text\n{full_text}\n{fence}\n")
    return "\n".join(filter(None, blocks))


def first_difference(expected: str, got: str) -> int | None:
    """Return the index of the first different character; None if the texts are equal."""
    if expected == got:
        return None
    for index, (a, b) in enumerate(zip(expected, got, strict=False)):
        if a != b:
            return index
    return min(len(expected), len(got))


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """The outcome of a replay: the same text, or the first difference."""

    position: int | None  # index of the first difference; None if the texts are equal
    expected_char: str  # "" if the recorded text ends before
    got_char: str  # "" if the new text ends before

    @classmethod
    def compare(cls, expected: str, got: str) -> Self:
        """Compare the recorded text with the new one."""
        at = first_difference(expected, got)
        if at is None:
            return cls(None, "", "")
        return cls(at, expected[at : at + 1], got[at : at + 1])

    @property
    def equal(self) -> bool:
        """True if every character is the same."""
        return self.position is None

    @property
    def sentence(self) -> str:
        """The result in one line that is safe to show."""
        if self.position is None:
            return "The same text came out, character for character."
        place = f"character {self.position + 1:,}"  # counted from one
        if not self.got_char:
            return f"The new text ends before {place}, where {self.expected_char!r} is on record."
        if not self.expected_char:
            return f"The recorded text ends before {place}, where {self.got_char!r} came out."
        both = f"{self.expected_char!r} is on record, {self.got_char!r} came out"
        return f"The texts differ at {place}: {both}."


MAX_STORED_CHARACTERS = 1_000_000
"""The longest text of one generation; a longer one is continued in a new generation."""
