"""One generated text on the page, in sync with its record in the library."""

from contextlib import suppress
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from charloom.core.errors import CharloomError
from charloom.core.library.database import Library
from charloom.core.library.generation import MAX_STORED_CHARACTERS, Generation, format_value
from charloom.core.sampling.config import SETTING_NAMES, SamplingConfig
from charloom.core.wording import plural
from charloom.tui.services.generation_request import GenerationRequest
from charloom.tui.services.library_worker import LibraryWorker
from charloom.tui.services.model_cache import LoadedModel
from charloom.tui.services.writer import GenerationJob

if TYPE_CHECKING:
    from charloom.core.analysis.memorization import VerbatimMatch

MIN_NOTABLE_MATCH = 32
"""Characters of a verbatim match that is more than chance.

500 unseen characters of the same author share a match of 18 with the training text, and the
held-out tenth of a book one of at most 31: measured on tinyshakespeare and Frankenstein.
"""


class Candidate:
    """Candidate ``number``, from 0, of a :class:`GenerationRequest`."""

    def __init__(self, request: GenerationRequest, number: int = 0) -> None:
        self.request, self.number = request, number
        self.job: GenerationJob | None = None
        """The running or finished job; None for a text from the library."""
        self.text = ""
        self.starred = False
        self.record: Generation | None = None
        """The text as last read from or written to the library."""
        self.error = ""
        """Why it could not be saved."""
        self.match: VerbatimMatch | None = None
        """The longest match with the training text, once it is computed."""
        self.length_start = 0  # the character from which the chosen length is counted
        self._source = "", 0, ""  # the model's name, step and digest

    @classmethod
    def from_generation(cls, generation: Generation) -> "Candidate":
        """Return the candidate of a stored text."""
        g = generation
        request = GenerationRequest(
            g.prompt, g.prompt, g.sampling, g.length, g.seed, g.ending, context=g.context
        )
        candidate = cls(request)
        candidate.record, candidate.text, candidate.starred = g, g.text, g.starred
        return candidate

    def start(self, model: LoadedModel) -> None:
        """Make the job that generates the text with ``model``."""
        request, number = self.request, self.number
        self.job = GenerationJob(
            model.network,
            request.prompt,
            request.sampling_for(number),
            request.seed_for(number),
            request.length,
            request.job_ending,
            request.context or "",
        )
        self._source = model.name, model.step, model.sha256

    def take_text(self) -> str:
        """Append the text that the job has written since the last call, and return it."""
        new_text = self.job.take_text() if self.job else ""
        if new_text:
            self.text += new_text
            self.match = None
        return new_text

    @property
    def model_name(self) -> str:
        """The name of the model that writes it or has written it; "" if it is from the library."""
        return self._source[0]

    @property
    def full_text(self) -> str:
        """The prompt and the text."""
        return self.request.prompt + self.text

    @property
    def match_slice(self) -> slice:
        """The part of the text that is the longest match, once it is computed."""
        match = self.match
        return slice(match.start, match.start + match.length) if match else slice(0, 0)

    @property
    def can_continue(self) -> bool:
        """True if the job can make the text longer."""
        if self.job is None or len(self.text) >= MAX_STORED_CHARACTERS:
            return False
        return self.job.can_continue

    @property
    def saved(self) -> bool:
        """True if the library has it as it is here."""
        record = self.record
        return record is not None and (record.text, record.starred) == (self.text, self.starred)

    async def save(self, library: LibraryWorker) -> None:
        """Save it in the library; a failure is set as :attr:`error`."""
        generation = self.to_generation()
        if generation is None:
            return
        try:
            await library.run(lambda database: self._save(database, generation))
            self.error = ""
        except CharloomError as error:
            self.error = f"Not saved: {error}"
            self.starred = self.record is not None and self.record.starred

    async def remove(self, library: LibraryWorker) -> None:
        """Remove it from the library unless it is a favorite. Raises :class:`CharloomError`."""
        if not self.starred:
            self.starred = await library.run(self._remove)

    async def refresh(self, library: LibraryWorker) -> bool:
        """Read the star from the library; return whether it has changed."""
        if self.record is None or not self.saved:
            return False
        number, before = self.record.id, self.starred
        with suppress(CharloomError):  # removed from the library, it stays on the page
            self.record = await library.run(lambda database: database.get(number))
            self.starred = self.record.starred
        return self.starred != before

    def to_generation(self) -> Generation | None:
        """Return the record to save; None if there is no text. Not to be called while it grows."""
        if self.job is None:
            return replace(self.record, starred=self.starred) if self.record else None
        if not self.text:
            return None
        job = self.job
        name, step, sha256 = self._source
        return Generation(
            model=name,
            step=step,
            checkpoint_sha256=sha256,
            context=job.context,
            prompt=job.prompt,
            text=self.text,
            **asdict(job.initial_sampling),
            changes=job.changes,
            choices=job.choices,
            length=job.length,
            **asdict(job.ending),
            seed=job.seed,
            chars_per_second=job.count / job.seconds if job.seconds else 0.0,
            bits_per_char=job.bits / job.count,
            starred=self.starred,
        )

    # Both run in the library's thread, one after the other, and first restore a record that
    # another process has removed.

    def _save(self, library: Library, generation: Generation) -> None:
        if self.record is None:
            self.record = library.add(generation)
        else:
            library.restore(self.record)
            library.update(replace(generation, id=self.record.id))
            self.record = library.star(self.record.id, generation.starred)

    def _remove(self, library: Library) -> bool:
        """Remove the record unless it is a favorite; return whether it is one."""
        if self.record is None:
            return False
        self.record = library.restore(self.record)
        if not self.record.starred:
            library.remove(self.record.id)
        return self.record.starred


def provenance(generation: Generation) -> str:
    """Return the checkpoint, seed and settings of a text in one line, without default cuts."""
    g = generation
    settings = [_format_setting(name, g) for name in SETTING_NAMES]
    chosen = f"{plural(len(g.choices), 'character')} chosen" if g.choices else ""
    parts = [str(g.checkpoint_ref), f"seed {g.seed}", *settings, chosen, length_and_bits(g)]
    return " · ".join(filter(None, parts))


def length_and_bits(generation: Generation) -> str:
    """Return the length of a text and, if known, its mean bits per character."""
    bits = generation.bits_per_char
    length = plural(len(generation.text), "character")
    return length if bits is None else f"{bits:.2f} bits/char · {length}"


def unknown_words_message(candidate: Candidate) -> str:
    """Return a message on unknown words where known ones were wanted, or nothing."""
    words = candidate.job.find_unknown(candidate.text) if candidate.job else []
    return f"not a known word: {', '.join(words)}" if words else ""


def match_message(candidate: Candidate) -> str:
    """Return a message on the longest verbatim match, or nothing if it is not known."""
    match = candidate.match
    if match is None:
        return ""
    copy = f"longest copy {plural(match.length, 'character')}"
    return copy + ": more than chance" * (match.length >= MIN_NOTABLE_MATCH)


def _format_setting(name: str, generation: Generation) -> str:
    """Return the values of a setting; nothing for a cut that excludes nothing."""
    values = [value for _, value in generation.setting_history(name)]
    if name != "temperature" and values == [getattr(SamplingConfig(), name)]:
        return ""
    return f"{name.replace('_', '-')} {' → '.join(map(format_value, values))}"
