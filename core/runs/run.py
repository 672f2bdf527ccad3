"""Training runs: create one, and read its config and text.

A run lives in its model's folder, see :class:`ModelDir`. :mod:`charloom.core.runs.trainer` starts
its trainer.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

from charloom.core.config import ModelConfig, TrainConfig
from charloom.core.data.corpus import Corpus
from charloom.core.data.spool import closed_on_error
from charloom.core.data.text_file import CharacterCounts, TextFile
from charloom.core.data.vocab import MAX_CHARACTERS, PLACEHOLDER, Vocab, fitting_min_count
from charloom.core.errors import CharloomError, SettingError
from charloom.core.files import write_atomically
from charloom.core.model import checkpoint
from charloom.core.model.metadata import BaseInfo
from charloom.core.runs.starting import AUTO, SCRATCH, describe_corpus, find_base
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import model_names, reserved_names
from charloom.core.store.write import new_model_folder


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
    _check_vocab(corpus.counts, min_count)
    if keep_vocab and base in (AUTO, SCRATCH):
        raise SettingError("keep_vocab", "needs a model to start from.")
    start = find_base(base, preset, overrides, corpus.stored)
    first, kept_characters = None, ""
    if start:
        overrides = start.overrides(overrides, corpus)
        kept_characters = "".join(start.checkpoint.vocab.chars) if keep_vocab else ""
        vocab = Vocab.from_counts(corpus.counts, min_count, kept_characters)
        info = describe_corpus(corpus)
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
        _store_text(corpus, folder)
        if first:
            checkpoint.save(first, folder.checkpoint(0))
        write_atomically(folder.run_config, _encode(config))
    return ModelDir.named(name)


def _store_text(corpus: Corpus, folder: ModelDir) -> None:
    """Put the text into the folder of a run.

    A text that is on disk is there once, as a hard link: runs with the same text share it, and it
    is gone with the last of them. Where there are no links, it is copied.
    """
    if corpus.stored.spool.path:
        for other, _ in runs_on(corpus.sha256):
            with suppress(OSError):
                if other.corpus.stat().st_size == corpus.stored.spool.size:
                    os.link(other.corpus, folder.corpus)
                    return
    corpus.stored.spool.link(folder.corpus)


def runs_on(sha256: str, first: str = "") -> Iterator[tuple[ModelDir, RunConfig]]:
    """Yield the runs on the text with this digest, that of the model ``first`` before others."""
    names = sorted(set(model_names()) - {first})
    for name in (first, *names) if first else names:
        folder = ModelDir.named(name)
        if name in reserved_names() or not folder.run_config.is_file():
            continue
        with suppress(CharloomError):  # it is damaged; another run may have the text
            config = read_run_config(folder)
            if config.sha256 == sha256:
                yield folder, config


def _check_vocab(counts: CharacterCounts, min_count: int) -> None:
    """Raise :class:`SettingError` if ``min_count`` keeps no character, or too many."""
    if len(counts.points) > MAX_CHARACTERS:
        needed, size = fitting_min_count(counts.counts.tolist())
        if size == 1:
            raise CharloomError(
                f"The text has {len(counts.points):,} different characters, all of them rare; a "
                f"model can have {MAX_CHARACTERS:,}. Choose another text, or a part of this one."
            )
        if min_count < needed:
            raise SettingError(
                "min_count",
                f"must be at least {needed}, which leaves {size:,} characters: "
                f"a model can have {MAX_CHARACTERS:,}, and the text has more.",
                "fold",
            )
    if min_count > 1 and Vocab.from_counts(counts, min_count).chars == (PLACEHOLDER,):
        raise SettingError(
            "min_count", f"{min_count} keeps no character; choose a smaller number.", "fold"
        )


def read_training_corpus(
    folder: ModelDir, config: RunConfig, on_progress: Callable[[int], object] = lambda _size: None
) -> Corpus:
    """Return the training text of a run, with its origin; its digest must be that in ``config``.

    ``on_progress`` is called with numbers of bytes that were read.
    """
    try:
        with closed_on_error(TextFile(_regular(folder.corpus))) as text:
            counts = text.count(on_progress)
            if counts.sha256 != config.sha256:
                raise ValueError("the text was changed")
    except (OSError, ValueError) as error:
        raise CharloomError(
            f"The text of {folder.name!r} is missing or was changed; start a new run."
        ) from error
    return Corpus(text, counts, config.title, config.source, config.encoding, tuple(config.notes))


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
        data = json.loads(_regular(folder.run_config).read_bytes())
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


def _regular(path: Path) -> Path:
    if not path.is_file():  # opening a pipe would block
        raise FileNotFoundError
    return path
