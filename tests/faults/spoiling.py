"""The files that Charloom writes, and how each is read when it has been spoiled.

Another format is one more function here, in :data:`FORMATS`.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass

from charloom.core import paths
from charloom.core.model import checkpoint
from charloom.core.model.checkpoint import LoadedCheckpoint
from charloom.core.model.metadata import BaseInfo, CheckpointMetadata
from charloom.core.runs import events
from charloom.core.runs.commands import Command
from charloom.core.runs.events import (
    CheckpointSaved,
    Event,
    Finished,
    Progress,
    RunWarning,
    Validated,
)
from charloom.core.runs.jsonl import LineTail
from charloom.core.runs.monitor import RunMonitor
from charloom.core.runs.run import (
    RunConfig,
    read_run_config,
    read_training_corpus,
    write_run_config,
)
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import load_checkpoint
from charloom.core.training import resume
from charloom.core.training.step import TrainState
from charloom.tui.services import preferences
from charloom.tui.services.preferences import Preferences
from tests.faults.refusals import Refusal, attempt
from tests.helpers.factories import METADATA_FIELDS, assert_equal, at_step, ref, save_model
from tests.helpers.training_tasks import MemorySink, after, small_task
from tests.helpers.training_tasks import events as events_of

REFUSED, READ, OTHER, REST = "refused", "as written", "otherwise", "but for what was lost"


@dataclass(frozen=True, slots=True)
class Spoilable:
    """A file as Charloom wrote it, ``new``, in the place of an ``old`` one."""

    name: str
    new: bytes
    old: bytes
    read: Callable[[bytes], str]
    """Puts bytes in its place and returns how they were read: one of the words above.

    A promise that is broken raises ``AssertionError``; any error but :class:`CharloomError` is one,
    too.
    """


def checkpoint_file() -> Spoilable:
    """A checkpoint has digests: it is the one that was written, or refused.

    Where it is asked for as the last one, the one before then takes its place.
    """
    before, old, new = at_step(100, 1.7, seed=1), at_step(200, 1.6, seed=2), at_step(300, 1.5)
    save_model("spoiled", before)
    path = save_model("spoiled", new)

    def read(data: bytes) -> str:
        path.write_bytes(data)
        loaded = attempt(lambda: checkpoint.load(path))
        card = attempt(lambda: checkpoint.read_metadata(path))
        named = attempt(lambda: load_checkpoint(ref("spoiled@300")))
        last = attempt(lambda: load_checkpoint(ref("spoiled@last")))
        if isinstance(card, CheckpointMetadata):
            assert _fields(card) in (_fields(new), _fields(old)), f"its header has {card}"
        if isinstance(loaded, Refusal):
            assert isinstance(named, Refusal), "the store uses what is damaged"
            if isinstance(last, Refusal):
                # It may be one from a later Charloom: that is not for this one to set aside.
                assert "Its format is newer than this Charloom reads" in last.sentence, (
                    "the one before is not used"
                )
                return REFUSED
            assert "is damaged and set aside" in last.warning, f"the warning was {last.warning!r}"
            assert_equal(last.checkpoint, before)
            path.with_name(f"{path.name}.damaged").unlink()
            return REFUSED
        assert isinstance(card, CheckpointMetadata), (
            f"the header is refused, the whole is not: {card}"
        )
        assert isinstance(named, LoadedCheckpoint), f"the store refuses what is whole: {named}"
        assert isinstance(last, LoadedCheckpoint), f"the store refuses what is whole: {last}"
        for each in (loaded, named, last):
            assert_equal(each.checkpoint, new if card.step == new.step else old)
        return READ

    return Spoilable("checkpoint", checkpoint.to_bytes(new), checkpoint.to_bytes(old), read)


def text_file() -> Spoilable:
    """The text of a run has a digest in its plan: it is the one that was written, or refused."""
    new = "Das Schiff, «Naïve», lag im Eis.\n" * 8
    sha256 = hashlib.sha256(new.encode()).hexdigest()
    plan = RunConfig("small", {}, 0, "ice", "ice.txt", "utf-8", sha256)
    folder = _new_dir("text")
    path = folder.corpus

    def read(data: bytes) -> str:
        path.write_bytes(data)
        text = attempt(lambda: read_training_corpus(folder, plan).text)
        assert isinstance(text, Refusal) or text == new, f"the text is {text!r}"
        return REFUSED if isinstance(text, Refusal) else READ

    return Spoilable("corpus.txt", new.encode(), new.upper().encode(), read)


def plan_file() -> Spoilable:
    """A config has no digest, as the user may edit it: it is valid or refused."""
    chosen = {"minutes": 3.0, "hidden_size": 64, "batching": "contiguous"}
    new, old = (
        RunConfig(
            *("auto", chosen, 4, "ice", "/texts/ice.txt", encoding, "0" * 64, ["Cut the header."]),
            base=BaseInfo("english", 9, "1" * 64),
        )
        for encoding in ("utf-8", "windows-1252")
    )
    folder = _new_dir("config")
    path = folder.run_config
    write_run_config(folder, old)
    old_bytes = path.read_bytes()
    write_run_config(folder, new)

    def read(data: bytes) -> str:
        path.write_bytes(data)
        plan = attempt(lambda: read_run_config(folder))
        if isinstance(plan, Refusal):
            return REFUSED
        return READ if plan in (new, old) else OTHER

    return Spoilable("run.json", path.read_bytes(), old_bytes, read)


def log_file() -> Spoilable:
    """Every complete line of a log is read, whatever became of the others."""
    new, old = _history(1.5), _history(2.25)
    folder = _new_dir("log")
    path = folder.metrics

    def read(data: bytes) -> str:
        path.write_bytes(data)
        got = [event for line in LineTail(path).read() if (event := events.from_line(line))]
        whole = [each for each in new if _line(each) in data.splitlines(keepends=True)]
        assert all(each in got for each in whole), f"{whole} stood there, {got} was read"
        watch = RunMonitor(folder)
        watch.refresh()
        assert (watch.finished == new[-1]) == (new[-1] in whole), (
            "its end is not the one in the log"
        )
        return READ if got == new else REST

    return Spoilable("metrics.jsonl", _lines(new), _lines(old), read)


def settings_file() -> Spoilable:
    """Valid preferences are used; the others are ignored without an error."""
    new, old = (
        Preferences(recent_texts=("ice", "/a/b.txt")),
        Preferences(theme="ansi", temperature=1.25),
    )
    preferences.save(old)
    path = paths.home() / "preferences.json"
    old_bytes = path.read_bytes()
    preferences.save(new)

    def read(data: bytes) -> str:
        path.write_bytes(data)
        found = preferences.load()
        sound = Preferences.from_json(json.loads(json.dumps(asdict(found))))
        assert sound == found, f"not all of {found} makes sense"
        return READ if found in (new, old) else REST

    return Spoilable("preferences.json", path.read_bytes(), old_bytes, read)


def state_file() -> Spoilable:
    """What it takes to go on has a digest: it is what was written, or refused."""
    task = small_task("ab" * 99, hidden_size=2, steps=2, batch_size=1)
    path = _new_dir("state").resume_state

    def write(steps: int) -> TrainState:
        sink = MemorySink()
        events_of(task, sink, next_command=after(steps, Command("stop")))
        assert sink.state
        resume.write_state(path, *sink.state)
        return sink.state[0]

    old, old_bytes = write(1), path.read_bytes()
    new, new_bytes = write(2), path.read_bytes()

    def read(data: bytes) -> str:
        path.write_bytes(data)
        state = attempt(lambda: resume.read_state(path, task.model_config))
        if isinstance(state, Refusal):
            return REFUSED
        written = new if state[0].step == new.step else old
        assert _tensors(state[0]) == _tensors(written), "its numbers are not those written"
        return READ

    return Spoilable("resume.safetensors", new_bytes, old_bytes, read)


FORMATS: tuple[Callable[[], Spoilable], ...] = (
    checkpoint_file,
    text_file,
    plan_file,
    log_file,
    settings_file,
    state_file,
)


def _fields(card: CheckpointMetadata) -> list[object]:
    return [getattr(card, name) for name in METADATA_FIELDS]


def _tensors(snapshot: TrainState) -> list[bytes]:
    named = sorted((snapshot.weights | snapshot.moments).items())
    tensors = [*(tensor for _, tensor in named), *snapshot.carried]
    return [tensor.numpy().tobytes() for tensor in tensors]


def _new_dir(name: str) -> ModelDir:
    folder = ModelDir.named(f"run of {name}")
    folder.path.mkdir(parents=True)
    return folder


def _history(loss: float) -> list[Event]:
    return [
        *(Progress(n, n / 9, loss, loss / 2, 1e-3, 9e3, n / 2, 9.5, n / 99) for n in (8, 16)),
        Validated(16, loss, loss / 2, loss, 16, 990, 0.25),
        CheckpointSaved(16, "step-00000016.safetensors"),
        RunWarning("Ei: the «loss» rose."),
        Finished(24, "completed", loss, loss / 2, None, loss, 16, 12.0),
    ]


def _line(event: Event) -> bytes:
    return events.to_line(event).encode() + b"\n"


def _lines(story: Iterable[Event]) -> bytes:
    return b"".join(map(_line, story))
