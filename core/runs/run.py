"""Training runs: create one, launch its trainer, and read the events as they come.

A run lives in its model's folder, see :class:`ModelDir`. The trainer is a child process; torch is
not imported here.
"""

import hashlib
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

from charloom.core.child_process import exit_description, start_module
from charloom.core.config import ModelConfig, TrainConfig
from charloom.core.data.corpus import Corpus
from charloom.core.data.vocab import MAX_CHARACTERS, PLACEHOLDER, Vocab, fitting_min_count
from charloom.core.errors import BeingTrainedError, CharloomError, SettingError
from charloom.core.files import write_atomically
from charloom.core.model import checkpoint
from charloom.core.model.metadata import BaseInfo
from charloom.core.runs import events
from charloom.core.runs.commands import EXIT_ALREADY_TRAINING, Command, send_command
from charloom.core.runs.events import Event, Finished, Started
from charloom.core.runs.jsonl import LineTail, file_size
from charloom.core.runs.presets import validate_overrides
from charloom.core.runs.starting import AUTO, SCRATCH, describe_corpus, find_base
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.write import new_model_folder

_POLL_SECONDS = 0.1
_EXIT_GRACE_SECONDS = 5.0  # for a trainer to exit after its last event

# What Ctrl-C and the end of the terminal do not reach. On Windows that is a process in a console of
# its own; without one (DETACHED_PROCESS), the Python of a virtual environment would open a window.
_DETACHED: dict[str, Any]
if sys.platform == "win32":
    _DETACHED = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
else:
    _DETACHED = {"start_new_session": True}


@dataclass(frozen=True, slots=True)
class RunConfig:
    """The configuration of a run: a preset, the settings that differ from it, and the text."""

    preset: str
    overrides: dict[str, Any]
    min_count: int
    title: str
    source: str
    encoding: str
    sha256: str
    notes: list[str] = field(default_factory=list)  # on the text
    training_notes: list[str] = field(default_factory=list)  # on what it starts from, and settings
    model: ModelConfig | None = None  # as resolved when training first began
    training: TrainConfig | None = None
    device: str = ""  # the latest one
    base: BaseInfo | None = None  # whose weights are those of the checkpoint of step 0
    kept_characters: str = ""  # of the base, although the text may lack them
    on_trial: bool = False  # the base: it is still to be compared with a start from scratch

    def with_training_note(self, note: str) -> Self:
        """Return the config with a note for the user; "" adds none."""
        return replace(self, training_notes=[*self.training_notes, *[note] * bool(note)])

    def to_json(self) -> dict[str, Any]:
        """Return the fields as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Build from a JSON object; a wrong one raises ``TypeError`` or :class:`CharloomError`."""
        config = cls(**data)
        return replace(
            config,
            model=config.model and ModelConfig.from_json(data["model"]),
            training=config.training and TrainConfig.from_json(data["training"]),
            base=config.base and BaseInfo(**data["base"]),
        )


def create_run(
    name: str,
    corpus: Corpus,
    preset: str,
    overrides: dict[str, Any],
    min_count: int,
    base: str = AUTO,
    keep_vocab: bool = False,
) -> ModelDir:
    """Create the folder of a new run and return it.

    ``base`` is what it starts from, see :func:`find_base`. With ``keep_vocab`` the network keeps
    characters that the text lacks.
    """
    _check_vocab(corpus.text, min_count)
    if keep_vocab and base in (AUTO, SCRATCH):
        raise SettingError("keep_vocab", "needs a model to start from.")
    start = find_base(base, preset, overrides, corpus.text)
    first, kept_characters = None, ""
    if start:
        overrides = start.overrides(overrides, corpus)
        kept_characters = "".join(start.checkpoint.vocab.chars) if keep_vocab else ""
        vocab = Vocab.from_text(corpus.text, min_count, kept_characters)
        info = describe_corpus(corpus.title, corpus.sha256, corpus.text)
        first = start.first_checkpoint(vocab, info, overrides)
    config = RunConfig(
        preset=preset,
        overrides=overrides,
        min_count=min_count,
        title=corpus.title,
        source=corpus.source,
        encoding=corpus.encoding,
        sha256=corpus.sha256,
        notes=list(corpus.notes),
        base=start.info if start else None,
        kept_characters=kept_characters,
        on_trial=start.on_trial if start else False,
    )
    with new_model_folder(name) as folder:
        write_atomically(folder.corpus, corpus.text.encode("utf-8", "surrogatepass"))
        if first:
            checkpoint.save(first, folder.checkpoint(0))
        write_atomically(folder.run_config, _encode(config))
    return ModelDir.named(name)


def _check_vocab(text: str, min_count: int) -> None:
    """Raise :class:`SettingError` if ``min_count`` keeps no character, or too many."""
    if len(set(text)) > MAX_CHARACTERS:
        needed, size = fitting_min_count(Counter(text).values())
        if min_count < needed:
            raise SettingError(
                "min_count",
                f"must be at least {needed}, which leaves {size:,} characters: "
                f"a model can have {MAX_CHARACTERS:,}, and the text has more.",
                "fold",
            )
    if min_count > 1 and Vocab.from_text(text, min_count).chars == (PLACEHOLDER,):
        raise SettingError(
            "min_count", f"{min_count} keeps no character; choose a smaller number.", "fold"
        )


def read_training_text(folder: ModelDir, config: RunConfig) -> str:
    """Return the training text of a run; its digest must be that in ``config``."""
    try:
        data = _read(folder.corpus)
        if hashlib.sha256(data).hexdigest() != config.sha256:
            raise ValueError("the text was changed")
        return data.decode()
    except (OSError, ValueError) as error:
        raise CharloomError(
            f"The text of {folder.name!r} is missing or was changed; start a new run."
        ) from error


def read_training_corpus(folder: ModelDir, config: RunConfig) -> Corpus:
    """Return the training text of a run, with its origin; see :func:`read_training_text`."""
    text, notes = read_training_text(folder, config), tuple(config.notes)
    return Corpus(text, config.title, config.source, config.encoding, config.sha256, notes)


def write_run_config(folder: ModelDir, config: RunConfig) -> None:
    """Replace the configuration of a run."""
    path = folder.run_config
    try:
        write_atomically(path, _encode(config))
    except OSError as error:
        raise CharloomError(
            f"{str(path)!r} cannot be written ({error.strerror}); make room there."
        ) from error


def read_run_config(folder: ModelDir) -> RunConfig:
    """Return the configuration of a run."""
    problem = "has no readable run.json"
    try:
        data = json.loads(_read(folder.run_config))
        if isinstance(data, dict) and set(data) - {f.name for f in fields(RunConfig)}:
            problem = "was made by another version of Charloom"
        return RunConfig.from_json(data)
    except (OSError, ValueError, TypeError, RecursionError, CharloomError) as error:
        raise CharloomError(
            f"{folder.name!r} {problem}, so it cannot be trained; "
            "start a new run under another name."
        ) from error


def _encode(config: RunConfig) -> bytes:
    return json.dumps(config.to_json(), indent=1).encode()


def _read(path: Path) -> bytes:
    if not path.is_file():  # opening a pipe would block
        raise FileNotFoundError
    return path.read_bytes()


def launch_trainer(folder: ModelDir, resume: bool = False) -> subprocess.Popen[bytes]:
    """Start a trainer, which obeys commands from now on.

    It outlives this process and its terminal. It is not a child of asyncio, which kills its
    children when the loop closes.
    """
    position = str(file_size(folder.commands))
    arguments = [str(folder.path), position, *["--resume"] * resume]
    try:
        with folder.trainer_log.open("ab") as log:
            process = start_module(
                "training.worker",
                *arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **_DETACHED,
            )
    except OSError as error:
        raise CharloomError(
            f"The training of {folder.name!r} cannot be started ({error.strerror}); see that "
            f"{str(folder.path)!r} is there and has room."
        ) from error
    # A thread waits for it while this process lives: an ended trainer does not become a zombie, and
    # the Popen of a running one is not garbage-collected, of which Python would warn.
    threading.Thread(target=process.wait, daemon=True).start()
    return process


def exit_message(folder: ModelDir, status: int) -> str:
    """Return a sentence on a trainer that ended with ``status`` without reporting it."""
    log = repr(str(folder.trainer_log))
    how = exit_description(status)
    return f"The training process {how}. Its last checkpoint is kept, and {log} has more."


class EventReader:
    """Reads the events of a run from now on, and past ones from the last ``past_bytes``."""

    def __init__(self, folder: ModelDir, past_bytes: int = 0) -> None:
        self._metrics = LineTail.tail(folder.metrics, past_bytes)
        self._samples = LineTail.tail(folder.samples, past_bytes)

    def past_events(self) -> list[Event]:
        """Return the past events of the current trainer; the latest sample is the last one."""
        past: list[Event] = []
        for event in _read_events(self._metrics):
            if isinstance(event, Started | Finished):
                past.clear()
            if not isinstance(event, Finished):
                past.append(event)
        return past + list(_read_events(self._samples))[-1:]

    def events(
        self, is_training: Callable[[], bool], cancelled: Callable[[], bool] = lambda: False
    ) -> Iterator[Event]:
        """Yield events as they come, until the run has ended, has no trainer, or is ``cancelled``.

        Both functions are called ten times a second.
        """
        while not cancelled():
            training = is_training()  # first, so that no event before the end is missed
            for event in _read_events(self._metrics):
                if isinstance(event, Finished):
                    _wait_for_exit(is_training)
                    yield from _read_events(self._samples)
                    yield event
                    return
                yield event
            yield from _read_events(self._samples)
            if not training:
                return
            time.sleep(_POLL_SECONDS)


class TrainerProcess:
    """A trainer started by this process, and the events of its run from then on."""

    def __init__(self, folder: ModelDir, resume: bool = False) -> None:
        self._folder = folder
        self._reader = EventReader(folder)
        self._process = launch_trainer(folder, resume)

    def stop(self) -> None:
        """Ask the trainer to save at the next step boundary and exit."""
        if self._is_running():
            try:
                send_command(self._folder, Command("stop"))
            except CharloomError:  # such as a full disk
                self._process.terminate()  # saves first, except on Windows

    def close(self) -> None:
        """Stop the trainer, and wait until it has saved and ended."""
        self.stop()
        self._process.wait()

    def events(self) -> Iterator[Event]:
        """Yield the run's events as they come, until it has ended."""
        event = None
        for event in self._reader.events(self._is_running):
            yield event
        if isinstance(event, Finished):
            return
        status = self._process.wait()
        if status == EXIT_ALREADY_TRAINING:
            raise BeingTrainedError(self._folder.name)
        raise CharloomError(exit_message(self._folder, status))

    def _is_running(self) -> bool:
        return self._process.poll() is None


def train_model(
    corpus: Corpus,
    name: str,
    preset: str = "auto",
    min_count: int = 0,
    base: str = AUTO,
    keep_vocab: bool = False,
    **overrides: Any,
) -> Iterator[Event]:
    """Train a new model ``name`` on ``corpus`` in a child process; yield the events of its run.

    The training starts with the first event that is asked for. It is saved and stopped if the
    iterator is closed before the run has ended.

    ``preset`` is one of :data:`~charloom.core.runs.presets.PRESETS`, or ``"auto"``; ``overrides``
    are fields of ``ModelConfig`` and ``TrainConfig``, such as ``minutes``. Characters that occur
    fewer than ``min_count`` times share one placeholder. ``base`` is a model to start from, such
    as ``"weaver@1200"``, or ``"none"``; with ``keep_vocab``, its characters that the text lacks
    stay. Raises :class:`CharloomError` if the run cannot be created, or fails.
    """
    validate_overrides(preset, overrides)
    folder = create_run(name, corpus, preset, overrides, min_count, base, keep_vocab)
    trainer = TrainerProcess(folder)
    try:
        for event in trainer.events():
            yield event
            if isinstance(event, Finished) and event.reason == "failed":
                raise CharloomError(event.message)
    finally:
        trainer.close()


def _read_events(lines: LineTail) -> Iterator[Event]:
    """Yield all new events."""
    while True:
        yield from filter(None, map(events.from_line, lines.read()))
        if not lines.has_more:
            return


def _wait_for_exit(is_training: Callable[[], bool]) -> None:
    """Wait for a trainer to exit after its last event, so that the run is free when it is seen."""
    deadline = time.monotonic() + _EXIT_GRACE_SECONDS
    while is_training() and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS / 10)
