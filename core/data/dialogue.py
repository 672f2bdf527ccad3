"""Find the speakers of a dialogue in a text: by names, quotation signs or dashes."""

import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from charloom.core.errors import CharloomError

_MIN_TURNS = 10  # in a text with speakers
_MIN_SHARE = 0.05  # of its lines that begin a turn
_MIN_NAME_TURNS = 3  # of a name: fewer may be a coincidence, such as "Note:"
_MAX_NAMES = 50
_MIN_PARAGRAPHS = 0.02  # per line, in a text in paragraphs
_MAX_SIGN_CHARACTERS = 50
_MAX_PAIRS = 0.1  # of the quoted lines that follow another one
_END_SHARE = 0.9  # of the ends of a kind, after which a turn begins, to be where turns end

_NAME = r"(?:[^\W\d_]|\+)[^:\n!?;,\"“”«»()\[\]]{0,38}"
_NAMED_TURNS = re.compile(rf"(?m)^({_NAME}):(\n(?=\S)|[ \u00a0](?=\S))")
_QUOTED_TURNS = re.compile(r"(?m)^> ?(?=\S)")
_QUOTED_PAIRS = re.compile(r"(?m)^>.*(?=\n>)")  # longer quotations, as in letters
_DASHED_TURNS = re.compile(r"(?m)^([—–-] ?)(?=\S)")
_LINES = re.compile(r"(?m)^.*\S")
_LINE_ENDS = re.compile(r"\n(?=\S)")
_PARAGRAPH_ENDS = re.compile(r"\n\n(?=\S)")
_TIMESTAMP = re.compile(
    r"(?m)^\[?(?:\d{1,4}[./-]\d{1,2}[./-]\d{1,4},?[ T])?\d{1,2}[:.]\d{2}(?:[:.]\d{2})?"
    r"(?:[ \u202f][AaPp]\.?[Mm]\.?)?\]?(?: [-–] |[ \t]+)(?=\S)"
)


class DialogueForm(StrEnum):
    """The sign that a turn begins with."""

    NAME_LINE = "name-line"  # "NAME:" on a line of its own
    NAME = "name"  # "Name: " before the words
    QUOTE = "quote"  # "> " before one of two speakers
    DASH = "dash"  # before each
    PLAIN = "plain"  # no sign: the text has no speakers


@dataclass(frozen=True, slots=True)
class Dialogue:
    """The form in which a text marks who speaks.

    Attributes:
        form: what a turn begins with.
        names: the speakers, those with the most turns first; empty if the form has none.
        end: the line breaks between two turns; without speakers, between two paragraphs.
        stops: strings that only the next turn begins with; a reply ends before any of them.
        dash: the dash with its space, in the form with dashes.
    """

    form: DialogueForm
    names: tuple[str, ...]
    end: str
    stops: tuple[str, ...]
    dash: str = ""

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Return the dialogue in a JSON object; raises :class:`CharloomError` if it is none."""
        try:
            fields: dict[str, Any] = dict(data)  # type: ignore[call-overload]
            names, stops = (tuple(map(_sign, fields[key])) for key in ("names", "stops"))
            end, dash = _sign(fields["end"]), _sign(fields["dash"])
            dialogue = cls(DialogueForm(fields["form"]), names, end, stops, dash)
        except (KeyError, TypeError, ValueError) as error:
            raise CharloomError("The dialogue in it is incomplete or damaged.") from error
        if max(len(names), len(stops)) > _MAX_NAMES or not all(stops):
            raise CharloomError("The dialogue in it has too many names, or an empty stop.")
        return dialogue

    def opening(self, name: str, *, reply: bool = False) -> str:
        """Return the beginning of a turn of ``name``; ``reply`` is a turn of the model."""
        match self.form:
            case DialogueForm.NAME_LINE:
                return f"{name}:\n"
            case DialogueForm.NAME:
                return f"{name}: "
            case DialogueForm.QUOTE:
                return "" if reply else "> "
            case DialogueForm.DASH:
                return self.dash
            case DialogueForm.PLAIN:
                return ""

    def turn(self, name: str, words: str, reply_name: str) -> str:
        """Return the turn in which ``name`` says ``words``, and the opening of the reply.

        Words that begin like a turn stay as they are.
        """
        opening = self.opening(name)
        signs = tuple(f"{known}:" for known in self.names) or (opening.strip(),)
        if opening and words.startswith(signs):
            opening = ""
        return opening + words + self.end + self.opening(reply_name, reply=True)


PLAIN = Dialogue(DialogueForm.PLAIN, (), "\n\n", ("\n\n",))
"""That of a text in paragraphs, without speakers."""

_LINES_ONLY = Dialogue(DialogueForm.PLAIN, (), "\n", ("\n",))


def _sign(text: object) -> str:
    if not isinstance(text, str) or len(text) > _MAX_SIGN_CHARACTERS:
        raise ValueError("not a short string")
    return text


def find_dialogue(text: str) -> Dialogue:
    """Return the form in which ``text`` marks who speaks."""
    lines = len(_LINES.findall(text))

    def enough(turns: int) -> bool:
        return turns >= max(_MIN_TURNS, _MIN_SHARE * lines)

    found = [(match[1], match[2], match.start()) for match in _NAMED_TURNS.finditer(text)]
    counts = Counter(name for name, _, _ in found)
    named = [turn for turn in found if counts[turn[0]] >= _MIN_NAME_TURNS]
    names = tuple(name for name, n in counts.most_common(_MAX_NAMES) if n >= _MIN_NAME_TURNS)
    if len(names) >= 2 and enough(len(named)):
        on_lines = sum(separator == "\n" for _, separator, _ in named)
        form = DialogueForm.NAME_LINE if 2 * on_lines > len(named) else DialogueForm.NAME
        return _dialogue(text, form, names, [start for _, _, start in named])
    quoted = [match.start() for match in _QUOTED_TURNS.finditer(text)]
    if enough(len(quoted)) and len(_QUOTED_PAIRS.findall(text)) < _MAX_PAIRS * len(quoted):
        return _dialogue(text, DialogueForm.QUOTE, (), quoted)
    dashes = list(_DASHED_TURNS.finditer(text))
    if enough(len(dashes)):
        dash = Counter(match[1] for match in dashes).most_common(1)[0][0]
        return _dialogue(text, DialogueForm.DASH, (), [match.start() for match in dashes], dash)
    paragraphs = len(_PARAGRAPH_ENDS.findall(text))
    return PLAIN if paragraphs >= _MIN_PARAGRAPHS * lines else _LINES_ONLY


def _dialogue(
    text: str, form: DialogueForm, names: tuple[str, ...], starts: list[int], dash: str = ""
) -> Dialogue:
    """Return the dialogue whose turns begin at ``starts``."""
    apart = sum(text[:start].endswith("\n\n") for start in starts if start)
    end = "\n\n" if 2 * apart > len(starts) else "\n"
    ends = len((_PARAGRAPH_ENDS if end == "\n\n" else _LINE_ENDS).findall(text))
    if form is DialogueForm.QUOTE or len(starts) >= _END_SHARE * ends:
        stops: tuple[str, ...] = (end,)
    elif names:
        stops = tuple(f"\n{name}:" for name in names)
    else:
        stops = ("\n" + dash,)
    return Dialogue(form, names, end, stops, dash)


def count_timestamps(text: str) -> int:
    """Return the number of lines that begin with a time, as in an exported chat."""
    return len(_TIMESTAMP.findall(text))


def strip_timestamps(text: str) -> tuple[str, int]:
    """Return ``text`` without the times that lines begin with, and the number of these lines."""
    return _TIMESTAMP.subn("", text)
