"""One candidate and its text: as it is written, as it is told of, and as it is kept."""

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from charloom.core.errors import CharloomError
from charloom.core.library.database import Library
from charloom.core.library.generation import MAX_STORED_CHARACTERS, Generation
from charloom.core.sampling.config import SamplingConfig
from charloom.tui.services.generation_request import GenerationRequest
from charloom.tui.services.library_worker import LibraryWorker

if TYPE_CHECKING:
    from charloom.core.analysis.memorization import VerbatimMatch
    from charloom.tui.services.model_cache import LoadedModel
    from charloom.tui.services.writer import GenerationJob

LEAST_COPIED = 32
"""Characters of a copied run that is more than chance.

500 characters that a model has never seen, of the same author, share a run of 18 with what it
learned, and the held-out tenth of a book one of 31 at most: so it is in tinyshakespeare and in
Frankenstein.
"""


class Candidate:
    """What came of a :class:`GenerationRequest`: the candidate ``number``, from 0."""

    def __init__(self, brief: GenerationRequest, number: int = 0) -> None:
        self.brief, self.number = brief, number
        self.candidate: GenerationJob | None = None
        """What writes it, once its model was loaded; None also for one from the library."""
        self.text = ""
        self.keepsake = Keepsake()
        self.asked_from = 0  # the character from which on so many are wanted as were chosen
        self.starred = False
        self.fault = ""
        """Why it is not kept as it is."""
        self.copied: VerbatimMatch | None = None
        """The longest run of the text that stands in what its model learned, once it is known."""
        self._voice: LoadedModel | None = None

    @classmethod
    def stored(cls, generation: Generation) -> "Candidate":
        """Return the passage of a text in the library."""
        g = generation
        settings = SamplingConfig(g.temperature, g.top_k, g.top_p)
        passage = cls(GenerationRequest(g.prompt, g.prompt, settings, g.length, g.seed, g.stop))
        passage.keepsake.stored = g
        passage.text, passage.starred = g.text, g.starred
        return passage

    def begin(self, candidate: "GenerationJob", voice: "LoadedModel") -> None:
        """Let ``candidate`` write it."""
        self.candidate, self._voice = candidate, voice

    def take(self) -> str:
        """Return what was written since this was last asked."""
        new = self.candidate.take_text() if self.candidate else ""
        if new:
            self.text += new
            self.copied = None
        return new

    @property
    def whole(self) -> str:
        """The prompt and the text."""
        return self.brief.prompt + self.text

    @property
    def copy(self) -> slice:
        """Where in the text its longest run stands that is copied, once that is known."""
        run = self.copied
        return slice(run.start, run.start + run.length) if run else slice(0, 0)

    @property
    def can_continue(self) -> bool:
        """Whether the same text can be made longer."""
        longest = MAX_STORED_CHARACTERS - len(self.text)
        return longest > 0 and self.candidate is not None and self.candidate.can_continue

    @property
    def kept(self) -> bool:
        """Whether the library has it as it is here."""
        stored = self.keepsake.stored
        return stored is not None and (stored.text, stored.starred) == (self.text, self.starred)

    async def keep(self, librarian: LibraryWorker) -> None:
        """Have it in the library as it is here. What fails is told, and may be tried again."""
        generation = self.generation()
        if generation is None:
            return
        try:
            await librarian.run(lambda library: self.keepsake.keep(library, generation))
            self.fault = ""
        except CharloomError as error:
            self.fault = f"Not kept: {error}"
            self.starred = self.keepsake.stored is not None and self.keepsake.stored.starred

    async def remove(self, librarian: LibraryWorker) -> None:
        """Take it out of the library, unless it is a favorite; may raise :class:`CharloomError`."""
        if not self.starred:
            self.starred = not await librarian.run(self.keepsake.remove)

    async def look(self, librarian: LibraryWorker) -> bool:
        """Return whether it has become a favorite elsewhere, or is one no longer."""
        if not self.kept or self.keepsake.stored is None:
            return False
        number, before = self.keepsake.stored.id, self.starred
        with suppress(CharloomError):  # gone from there, it is still here
            self.keepsake.stored = await librarian.run(lambda library: library.get(number))
            self.starred = self.keepsake.stored.starred
        return self.starred != before

    def generation(self) -> Generation | None:
        """Return what is to be kept; None as long as there is no text. Only of an ended one."""
        stored = self.keepsake.stored
        if self.candidate is None or self._voice is None:
            return replace(stored, starred=self.starred) if stored else None
        if not self.text:
            return None
        made, first = self.candidate, self.candidate.initial_sampling
        return Generation(
            model=self._voice.name,
            step=self._voice.step,
            checkpoint_sha256=self._voice.sha256,
            prompt=made.prompt,
            text=self.text,
            temperature=first.temperature,
            top_k=first.top_k,
            top_p=first.top_p,
            changes=made.changes,
            length=made.length,
            stop=made.stop,
            seed=made.seed,
            chars_per_second=made.count / made.seconds if made.seconds else 0.0,
            bits_per_char=made.bits / made.count,
            starred=self.starred,
        )


def about(generation: Generation) -> str:
    """Return where a text comes from, in one line: the settings, where they are not the usual."""
    g = generation
    parts = [
        f"{g.model}@{g.step}",
        f"seed {g.seed}",
        _steered("temperature", g),
        _steered("top_k", g),
        _steered("top_p", g),
        measured(g),
    ]
    return " · ".join(filter(None, parts))


def measured(generation: Generation) -> str:
    """Return how likely the model found a text, and how long it is."""
    bits = generation.bits_per_char
    length = f"{len(generation.text):,} characters"
    return length if bits is None else f"{bits:.2f} bits/char · {length}"


def how_much_is_copied(passage: Candidate) -> str:
    """Return how much of a text, at most, is copied in one piece; nothing if nobody knows."""
    run = passage.copied
    if run is None:
        return ""
    characters = "1 character" if run.length == 1 else f"{run.length:,} characters"
    return f"longest copy {characters}" + ": more than chance" * (run.length >= LEAST_COPIED)


def _steered(name: str, generation: Generation) -> str:
    """Return a setting, and what it became meanwhile; nothing of a cut that cuts nothing."""
    values: list[float] = [getattr(generation, name)]
    for change in generation.changes:
        if getattr(change, name) != values[-1]:
            values.append(getattr(change, name))
    if values in ([0], [1.0]) and name != "temperature":
        return ""
    return f"{name.replace('_', '-')} {' → '.join(f'{value:g}' for value in values)}"


class Keepsake:
    """Its methods are jobs for one librarian, who does them one after the other.

    A text that somebody else has removed is put back under its number by whatever is done here.
    """

    def __init__(self, stored: Generation | None = None) -> None:
        self.stored = stored
        """The generation as it was last seen in the library, or removed from it."""

    def keep(self, library: Library, generation: Generation) -> None:
        """Have ``generation`` in the library, with its star or without."""
        if self.stored is None:
            self.stored = library.add(generation)
        else:
            library.restore(self.stored)
            library.update(replace(generation, id=self.stored.id))
            self.stored = library.star(self.stored.id, generation.starred)

    def remove(self, library: Library) -> bool:
        """Take it out of the library, unless it is a favorite there; return whether it is out."""
        if self.stored is None:
            return True
        self.stored = library.restore(self.stored)
        if not self.stored.starred:
            library.remove(self.stored.id)
        return not self.stored.starred
