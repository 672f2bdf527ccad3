"""One generation: all it takes to make it again, its forms as text, and whether a replay agrees."""

import json
import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from charloom.core.errors import CharloomError
from charloom.core.sampling.config import SamplingChange, validated

if TYPE_CHECKING:
    pass

EXPORT_FORMATS = ("txt", "md", "jsonl")

_LONGEST_TAG = 40
_SURROGATES = re.compile("[\ud800-\udfff]")
_MARKDOWN = re.compile(r"[\\`*_\[\]<>&~|]")  # what could start something inside a line of Markdown


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """A prompt, what a model wrote after it, and all that it takes to make it write that again.

    One that exists can be stored and exported: numbers are finite and changes are in range (else
    :class:`CharloomError`), tags are in their one form and order, and a lone surrogate, which no
    UTF-8 file can hold, has become U+FFFD.
    """

    id: int = 0  # given by the library
    created: str = field(default_factory=_now)  # ISO 8601, UTC
    model: str
    step: int
    checkpoint_sha256: str
    prompt: str  # as the model was given it: in characters that it knows
    text: str  # what it wrote
    temperature: float
    top_k: int
    top_p: float
    changes: tuple[SamplingChange, ...] = ()  # of these three, while it was written
    length: int  # characters asked for; ``text`` is shorter where ``stop`` ended it
    stop: str = ""
    seed: int
    chars_per_second: float
    bits_per_char: float | None = None  # mean over ``text``, by the model's own probabilities
    starred: bool = False
    tags: tuple[str, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "changes", validated(self.changes, self.length))
        object.__setattr__(self, "tags", tuple(sorted(set(map(clean_tag, self.tags)))))
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, str):
                object.__setattr__(self, each.name, _SURROGATES.sub("\ufffd", value))
            elif isinstance(value, float) and not math.isfinite(value):
                raise CharloomError(f"A generation's {each.name} is a number, not {value}.")

    def setting_history(self, name: str) -> list[tuple[int, float]]:
        """Return the values of a sampling setting, each with the position it applies from."""
        history: list[tuple[int, float]] = [(0, getattr(self, name))]
        for change in self.changes:
            if (value := getattr(change, name)) != history[-1][1]:
                history.append((change.position, value))
        return history


def clean_tag(tag: str) -> str:
    """Return ``tag`` in its one form: lower case, composed (NFC), single spaces."""
    clean = " ".join(tag.lower().split())
    if len(clean) < _LONGEST_TAG**2:  # composing takes time in the square of piled accents
        clean = unicodedata.normalize("NFC", clean)
    if not 0 < len(clean) <= _LONGEST_TAG or "," in clean or not clean.isprintable():
        raise CharloomError(
            f"The tag {tag[: _LONGEST_TAG + 1]!r} cannot be used; "
            f"a tag is 1 to {_LONGEST_TAG} visible characters without a comma."
        )
    return clean


def format_generations(generations: Iterable[Generation], kind: str) -> str:
    """Return ``generations`` as the content of a file of ``kind``, one of :data:`EXPORTS`.

    ``"txt"`` and ``"md"`` are for reading. ``"jsonl"`` has every field, one object on a line, in
    ASCII: ``Generation(**json.loads(line))`` is the generation again.
    """
    if kind not in EXPORT_FORMATS:
        raise CharloomError(
            f"The format of an export is one of {', '.join(EXPORT_FORMATS)}, not {kind!r}."
        )
    if kind == "jsonl":
        return "".join(json.dumps(asdict(each)) + "\n" for each in generations)
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
        _format_setting("temperature", g),
        _format_setting("top_k", g),
        _format_setting("top_p", g),
        f"seed {g.seed}",
        f"prompt length {len(g.prompt):,}",
        g.created,
    ]
    if g.stop:
        parts.append(f"stop {g.stop!r}")
    if g.bits_per_char is not None:
        parts.append(f"{g.bits_per_char:.2f} bits/char")
    if g.tags:
        parts.append(f"tags: {', '.join(g.tags)}")
    return " · ".join(parts)


def _format_setting(name: str, generation: Generation) -> str:
    """Return the value of a setting, and later values with their first character, from 1."""
    (_, initial), *changes = generation.setting_history(name)
    parts = [_figure(initial), *(f"{_figure(v)} from character {at + 1:,}" for at, v in changes)]
    return f"{name.replace('_', '-')} {', '.join(parts)}"


def _figure(value: float) -> str:
    return f"{value:g}" if isinstance(value, float) else f"{value}"


def _plain(generation: Generation) -> str:
    head = f"{_heading(generation)}\n{_provenance(generation)}\n"
    note = f"{generation.note}\n" if generation.note else ""
    return f"{head}{note}\n{generation.prompt}{generation.text}\n"


def _markdown(generation: Generation) -> str:
    passage = generation.prompt + generation.text
    # A fence is closed only by one that is as long, so nothing in the passage can end it.
    longest_run = max(map(len, re.findall("`+", passage)), default=0)
    fence = "`" * max(3, longest_run + 1)
    lines = re.split(r"\r\n|\r|\n", generation.note) if generation.note else []
    note = "".join(f"> {line}\n" for line in lines)
    provenance = _MARKDOWN.sub(r"\\\g<0>", _provenance(generation))
    blocks = [f"## {_heading(generation)}\n", f"{provenance}\n", note]
    blocks.append(f"{fence}text\n{passage}\n{fence}\n")
    return "\n".join(filter(None, blocks))


def first_difference(expected: str, got: str) -> int | None:
    """Return the index of the first character that differs, or None when the texts are equal."""
    if expected == got:
        return None
    for index, (one, other) in enumerate(zip(expected, got, strict=False)):
        if one != other:
            return index
    return min(len(expected), len(got))


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """Whether a text came out as it was recorded, and if not, where the two first differ."""

    position: int | None  # index of the first difference; None when there is none
    expected_char: str  # "" where the recorded text has already ended
    got_char: str  # "" where the new text has already ended

    @classmethod
    def compare(cls, expected: str, got: str) -> Self:
        """Compare the text on record with the one that was generated now."""
        at = first_difference(expected, got)
        if at is None:
            return cls(None, "", "")
        return cls(at, expected[at : at + 1], got[at : at + 1])

    @property
    def equal(self) -> bool:
        """Whether every character is the same."""
        return self.position is None

    @property
    def sentence(self) -> str:
        """The outcome for a person, in one line that is safe to show."""
        if self.position is None:
            return "The same text came out, character for character."
        place = f"character {self.position + 1:,}"  # people count from one
        if not self.got_char:
            return f"The new text ends before {place}, where {self.expected_char!r} is on record."
        if not self.expected_char:
            return f"The recorded text ends before {place}, where {self.got_char!r} came out."
        both = f"{self.expected_char!r} is on record, {self.got_char!r} came out"
        return f"The texts differ at {place}: {both}."


MAX_STORED_CHARACTERS = 1_000_000
"""Characters of one text: a longer one is gone on with in a new one."""
