"""The folder of one model, and the names of the files in it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from charloom.core import paths

_CHECKPOINT = re.compile(r"step-([0-9]{8}|[1-9][0-9]{8,12})\.safetensors")


class ModelDir:
    """The folder of a model and of the run that trains it; none of the files has to exist."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.name
        """The name of the model."""
        self.notes = path / "notes.md"  # by the user
        self.run_config = path / "run.json"  # what is trained, how, on what
        self.corpus = path / "corpus.txt"  # the training text, cleaned: the original may move
        self.ids = path / "ids.bin"  # of the characters of a long text, for the trainer to map
        self.metrics = path / "metrics.jsonl"  # the events of the run, one per line
        self.samples = path / "samples.jsonl"  # the same for the texts generated during training
        self.commands = path / "commands.jsonl"  # to the trainer
        self.lock = path / "lock"  # held by the trainer
        self.trainer_log = path / "trainer.log"  # output of the latest trainer
        self.reserve = path / "reserve"  # disk space to be freed to report a full disk
        self.rendezvous = path / "rendezvous"  # of the processes of a run on this machine
        self.resume_state = path / "resume.safetensors"
        self.checkpoints = path / "checkpoints"

    @classmethod
    def named(cls, name: str) -> Self:
        """Return the folder of the model ``name``; an invalid name raises ``CharloomError``."""
        return cls(paths.models_dir() / paths.check_name(name))

    def checkpoint(self, step: int) -> Path:
        """Return the path of the checkpoint after ``step`` steps."""
        return self.checkpoints / f"step-{step:08d}.safetensors"

    def pin(self, step: int) -> Path:
        """Return the path of the file that protects this checkpoint from thinning."""
        return self.checkpoint(step).with_suffix(".pin")

    def checkpoint_files(self) -> Iterator[tuple[int, Path]]:
        """Yield the step and the path of every checkpoint, by step. Raises ``OSError``."""
        files = self.checkpoints.iterdir() if self.checkpoints.is_dir() else ()
        matches = [(_CHECKPOINT.fullmatch(path.name), path) for path in files if path.is_file()]
        yield from sorted((int(match[1]), path) for match, path in matches if match)
