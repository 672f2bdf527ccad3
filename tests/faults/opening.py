"""What users do with files from elsewhere, and what must hold for any content."""

import hashlib
import unicodedata
from contextlib import suppress
from pathlib import Path

from charloom.core import paths
from charloom.core.analysis import scoring
from charloom.core.data import corpus
from charloom.core.data.statistics import analyze_text
from charloom.core.data.vocab import Vocab
from charloom.core.model import checkpoint
from charloom.core.model.checkpoint import Checkpoint
from charloom.core.model.metadata import CheckpointMetadata
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.completion import Completion
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.sampler import Sampler
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import find_checkpoint, load_checkpoint, model_names
from charloom.core.store.write import import_model, read_notes, remove_model
from tests.faults.refusals import Refusal, attempt, is_sentence
from tests.faults.strangers import Gift
from tests.faults.wastepaper import Scrap
from tests.helpers.factories import assert_equal, ref

_LATIN = Vocab.from_text("\n abcdefghijklmnopqrstuvwxyz'")


def import_(place: Path, given: Gift) -> Refusal | None:
    """Import a checkpoint: the model is whole and can be used, or nothing has come to be."""
    path = place / f"{given.stem}.safetensors"
    with suppress(OSError, ValueError):  # a name that no file can have
        given.put(path)
    before = _everything(place)
    name = attempt(lambda: import_model(path, given.name))
    card = attempt(lambda: checkpoint.read_metadata(path))
    if isinstance(name, Refusal):
        _hold_equal(_everything(place), before)
        return name
    step = find_checkpoint(ref(name))[1].step
    model_dir = ModelDir.named(name)
    folder, file = model_dir.path, model_dir.checkpoint(step)
    assert folder.parent == paths.models_dir(), f"the model is kept in {folder}"
    loaded = checkpoint.load(path).checkpoint
    files = (folder, file.parent, file, *[model_dir.notes] * bool(loaded.note))
    made = {str(each): _state(each) for each in files}
    _hold_equal(_everything(place), before | made)
    assert file.read_bytes() == path.read_bytes(), "the model has another content than the file"
    folded = [unicodedata.normalize("NFD", each.casefold()) for each in model_names()]
    assert len(folded) == len(set(folded)), f"two names are one: {model_names()}"
    assert read_notes(name) == loaded.note.encode("utf-8", "replace").decode()
    assert isinstance(card, CheckpointMetadata) and card.step == step, (
        "the header is refused, the whole is not"
    )
    assert_equal(load_checkpoint(ref(name)).checkpoint, loaded)
    _use(loaded)
    remove_model(name)
    _hold_equal(_everything(place), before)
    return None


def _use(whole: Checkpoint) -> None:
    """Let a network write and score, unless its numbers are too large to compute with."""
    network = attempt(lambda: NumpyLSTM(whole))
    if isinstance(network, NumpyLSTM):
        vocab = whole.vocab
        drawn = attempt(
            lambda: list(Completion(Sampler(network, "", SamplingConfig(0.8, 0, 1.0), 1), 3))
        )
        assert isinstance(drawn, Refusal) or {each.character for each in drawn} <= {*vocab.chars}
        attempt(lambda: scoring.carried(network, "".join(vocab.chars[:9]) * 2))


def read(place: Path, paper: Scrap) -> Refusal | None:
    """Read a text: it is clean, can be trained on, and the changes are reported."""
    path = place / "text.txt"
    path.write_bytes(paper.data)
    before = _everything(place)
    found = attempt(lambda: corpus.load(path, **paper.reading))
    _hold_equal(_everything(place), before)
    if isinstance(found, Refusal):
        return found
    text = found.text
    assert "\0" not in text and "\r" not in text, "it is not clean"
    assert hashlib.sha256(text.encode()).hexdigest() == found.sha256, "the digest is another's"
    messages = [*found.notes]
    for issue in analyze_text(found).issues:
        messages += (issue.summary, issue.advice.format(option=f"--{issue.option}"))
    assert all(map(is_sentence, messages)), f"these are no sentences: {messages}"
    if paper.reading.get("nfc", True) and not any(each.startswith("Left") for each in found.notes):
        assert unicodedata.is_normalized("NFC", text), "it is not composed"
    vocab = attempt(lambda: Vocab.from_text(text))
    if isinstance(vocab, Vocab):
        assert vocab.decode(vocab.encode(text)) == text, "it does not come back from its ids"
    adapted, changes = _LATIN.adapt(text[:500])
    assert {*adapted} <= {*_LATIN.chars} and (changes or adapted == text[:500])
    return None


def _everything(place: Path) -> dict[str, object]:
    """Return everything next to and in the home, except for what came from elsewhere."""
    around = paths.home().parent
    return {str(path): _state(path) for path in around.rglob("*") if place not in path.parents}


def _state(path: Path) -> object:
    status = path.lstat()
    return "folder" if path.is_dir() else (status.st_size, status.st_mtime_ns, status.st_ino)


def _hold_equal(there: dict[str, object], expected: dict[str, object]) -> None:
    different = {path for path, _ in there.items() ^ expected.items()}
    assert not different, f"these are not as they should be: {sorted(different)}"
