"""The thread that writes: one to four texts side by side, in small slices.

Between two of these each can be steered and ended. Whoever shows the texts comes for them.
"""

import math
import threading
from collections import deque
from collections.abc import Sequence
from itertools import islice
from time import perf_counter

from charloom.core.errors import CharloomError
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.completion import Completion
from charloom.core.sampling.config import SamplingChange, SamplingConfig
from charloom.core.sampling.sampler import Sampler

_SLICE = 16  # characters
_SLICE_SECONDS = 0.005  # after which a slice is not gone on with, in a large model


class GenerationJob:
    """One text: what it is made from, what has come of it, and what is wanted of it from now on.

    ``settings`` and ``length`` may be set from any thread, at any time; they hold from the next
    slice on. The figures are those of the slices so far, and the writing thread's to change.
    """

    def __init__(
        self,
        model: NumpyLSTM,
        prompt: str,
        settings: SamplingConfig,
        seed: int,
        length: int,
        stop: str = "",
    ) -> None:
        self.prompt, self.seed, self.stop = prompt, seed, stop
        self.first = settings  # what it began with
        self.settings = settings
        self.length = length
        self.count = 0
        self.bits = 0.0  # the sum of -log2 of the characters' probabilities
        self.probability = 0.0  # the sum of these
        self.seconds = 0.0  # spent on drawing
        self.stopped = False  # by its stop string
        self.changes: tuple[SamplingChange, ...] = ()  # as of when the writing last ended
        self._model: NumpyLSTM | None = model
        self._draft: Completion | None = None
        self._pieces: deque[str] = deque()

    @property
    def can_go_on(self) -> bool:
        """Whether a greater length would bring more."""
        return self._model is not None and not self.stopped

    def let_go(self) -> None:
        """Forget the model and the carried state, which take memory: it cannot go on."""
        self._model = self._draft = None

    def taken(self) -> str:
        """Return what has come since this was last asked."""
        pieces = []
        while self._pieces:
            pieces.append(self._pieces.popleft())
        return "".join(pieces)

    def write(self) -> bool:
        """Read the prompt, or draw a slice, and return whether there is more to come."""
        draft = self._draft
        if draft is None:
            assert self._model is not None  # nobody writes what was let go of
            stream = Sampler(self._model, self.prompt, self.first, self.seed)
            self._draft = Completion(stream, self.length, self.stop)
            return True
        draft.length = self.length
        if draft.settings != self.settings:
            draft.settings = self.settings
        characters = []
        began = perf_counter()
        try:
            for character, probability in islice(draft, _SLICE):
                characters.append(character)
                self.bits -= math.log2(probability)
                self.probability += probability
                if perf_counter() - began > _SLICE_SECONDS:
                    break
        finally:  # what was drawn stays, whatever becomes of the next character
            self.seconds += perf_counter() - began
            self.count += len(characters)
            self._pieces.append("".join(characters))
        return not draft.done

    def settle(self) -> None:
        """Let the length be what it takes to have the same text again, and the changes, too."""
        if draft := self._draft:
            draft.length = self.count  # which a draft does not take where its stop string ended it
            self.length, self.changes, self.stopped = draft.length, draft.changes, draft.stopped


class GenerationThread:
    """Writes ``candidates`` in a thread of its own, a slice of each in turn.

    They are its own until it has ended. ``before`` is the writer that had them until now.
    """

    def __init__(
        self, candidates: Sequence[GenerationJob], before: "GenerationThread | None" = None
    ) -> None:
        self.fault = ""
        """What ended it too early, in a sentence."""
        self._candidates = candidates
        self._before = before
        self._ending = threading.Event()
        # A daemon: reading a long prompt cannot be interrupted, and leaving does not wait for it.
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it still writes."""
        return self._thread.is_alive()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to end."""
        return self._ending.is_set()

    def stop(self) -> None:
        """Ask it to end after the slice that it is at."""
        self._ending.set()

    def join(self, seconds: float | None = None) -> None:
        """Wait for the end, no longer than so many seconds."""
        self._thread.join(seconds)

    def _run(self) -> None:
        if self._before:
            self._before.join()
            self._before = None
        try:
            writing = list(self._candidates)
            while writing and not self.stopping:
                writing = [each for each in writing if self.stopping or each.write()]
        except CharloomError as error:
            self.fault = str(error)
        except MemoryError:
            self.fault = "There is not enough memory to go on; choose a smaller model."
        except Exception as error:  # whatever it is, the text so far stays
            self.fault = f"The writing broke off ({type(error).__name__}: {error})."
        for each in self._candidates:
            each.settle()
