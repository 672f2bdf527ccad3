"""The generation thread: one to four texts in turns, in small slices.

Between slices, settings can be changed and the thread can be stopped. A slice is one character if
the pace is slow.
"""

import math
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from time import perf_counter

from charloom.core.errors import CharloomError
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.completion import Completion
from charloom.core.sampling.config import Choice, SamplingChange, SamplingConfig
from charloom.core.sampling.ending import AT_LENGTH, Ending
from charloom.core.sampling.sampler import Prediction, Sampler
from charloom.tui.services.pace import Pace

SLICE_CHARACTERS = 16
_SLICE_SECONDS = 0.005  # ends a slice early in a large model


class GenerationJob:
    """One text being generated: its inputs, output so far, and target settings and length.

    ``sampling`` and ``length`` may be set from any thread at any time; they apply from the next
    slice. Only the generation thread changes the figures.
    """

    def __init__(
        self,
        network: NumpyLSTM,
        prompt: str,
        sampling: SamplingConfig,
        seed: int,
        length: int,
        ending: Ending = AT_LENGTH,
        context: str = "",
    ) -> None:
        self.context, self.prompt, self.seed, self.ending = context, prompt, seed, ending
        self.initial_sampling = sampling
        self.sampling = sampling
        self.length = length
        self.count = 0
        self.bits = 0.0  # sum of -log2 of the characters' probabilities
        self.probability = 0.0  # sum of these
        self.seconds = 0.0  # spent on sampling
        self.stopped = False  # by a stop string
        self.changes: tuple[SamplingChange, ...] = ()  # set when the thread ends
        self.choices: tuple[Choice, ...] = ()  # also
        self.pending = ""  # characters that may be part of the ending, after the text
        self.prediction: Prediction | None = None  # of the character after these
        self._network: NumpyLSTM | None = network
        self._completion: Completion | None = None
        self._pieces: deque[str] = deque()

    @property
    def can_continue(self) -> bool:
        """True if a greater length would produce more text."""
        return self._network is not None and not self.stopped

    def release(self) -> None:
        """Free the network and the carried state; the job cannot continue."""
        self._network = self._completion = None

    def take_text(self) -> str:
        """Return the text since the last call."""
        pieces = []
        while self._pieces:
            pieces.append(self._pieces.popleft())
        return "".join(pieces)

    def find_unknown(self, text: str) -> list[str]:
        """Return the words in ``text`` that are unknown although only known ones were wanted."""
        if self.initial_sampling.words == "any" or not (
            self._network and self._network.known_words
        ):
            return []
        return self._network.known_words.find_unknown(self.context + self.prompt, text)

    def read_prompt(self) -> None:
        """Read context and prompt, unless they are read already."""
        if self._completion is None:
            assert self._network is not None  # a released job is never written
            read = self.context + self.prompt
            sampler = Sampler(self._network, read, self.initial_sampling, self.seed)
            self._completion = Completion(sampler, self.length, self.ending)

    def write_slice(self, count: int = SLICE_CHARACTERS, choice: str = "") -> bool:
        """Sample up to ``count`` characters, the first of them ``choice`` if there is one.

        Return whether there is more to come.
        """
        completion = self._completion
        assert completion is not None  # the prompt is read
        completion.length = self.length
        if completion.config != self.sampling:
            completion.config = self.sampling
        characters = []
        start = perf_counter()
        try:
            for _ in range(count):
                for character, probability in completion.step(choice):
                    characters.append(character)
                    self.bits -= math.log2(probability)
                    self.probability += probability
                choice = ""
                if completion.done or perf_counter() - start > _SLICE_SECONDS:
                    break
        finally:  # an error keeps the characters sampled before it
            self.seconds += perf_counter() - start
            self.count += len(characters)
            self._pieces.append("".join(characters))
        return not completion.done

    def predict(self) -> None:
        """Set :attr:`prediction` to that of the next character."""
        completion = self._completion
        assert completion is not None
        start = perf_counter()
        self.pending = completion.pending
        self.prediction = None if completion.done else completion.predict()
        self.seconds += perf_counter() - start

    def finalize(self) -> None:
        """Set the length, the ending and the changes to those that reproduce the text."""
        self.prediction, self.pending = None, ""
        if completion := self._completion:
            self.ending = completion.ending
            if not completion.done:
                completion.length = self.count
                self.ending = replace(self.ending, until="")
            self.length, self.changes = completion.length, completion.changes
            self.choices = completion.choices
            self.stopped = completion.stopped


class GenerationThread:
    """Writes ``jobs`` in a thread of its own, one slice of each in turn, at a ``pace``.

    ``previous`` is the thread that wrote them before; this one waits for its end.
    """

    def __init__(
        self,
        jobs: Sequence[GenerationJob],
        previous: "GenerationThread | None" = None,
        pace: Pace | None = None,
    ) -> None:
        self.error = ""
        """Why it ended too early, as a sentence."""
        self.pace = pace or Pace()
        self._jobs = jobs
        self._previous = previous
        # A daemon, since reading a long prompt cannot be interrupted and must not delay the exit.
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """True if the thread is alive."""
        return self._thread.is_alive()

    @property
    def stopping(self) -> bool:
        """True if a stop was requested."""
        return self.pace.stopped

    def stop(self) -> None:
        """Request a stop after the current slice."""
        self.pace.stop()

    def join(self) -> None:
        """Wait for the end."""
        self._thread.join()

    def _run(self) -> None:
        if self._previous:
            self._previous.join()
            self._previous = None
        try:
            self._write()
        except CharloomError as error:
            self.error = str(error)
        except MemoryError:
            self.error = "Not enough memory to continue. Choose a smaller model."
        except Exception as error:  # the text so far is kept
            self.error = f"Generation failed ({type(error).__name__}: {error})."
        for job in self._jobs:
            job.finalize()

    def _write(self) -> None:
        for job in self._jobs:
            if not self.stopping:
                job.read_prompt()
        unfinished = list(self._jobs)
        while unfinished and not self.stopping:
            for job in unfinished:
                job.predict()
            count, choice = self.pace.wait(SLICE_CHARACTERS)
            unfinished = [
                job for job in unfinished if self.stopping or job.write_slice(count, choice)
            ]
