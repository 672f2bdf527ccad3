"""Held-out loss after some seconds from a trained model, from scratch, and of a 5-gram; non-words.

    python -m tests.bench.starting TEXT[:KB] … --base MODEL [--seconds 60] [--times 3] [OPTION …]

TEXT is a file or a catalog text; with KB, as many of its characters, from a quarter on. MODEL is a
checkpoint file or NAME[@STEP]. Other OPTIONs of `charloom train` are for the runs from MODEL, to
compare recipes. Both sides of a row are trained in turn. Non-words are words of generated text that
are neither in the text nor among the known words of MODEL.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from charloom.core.data import catalog
from charloom.core.data.words import WordList, find_words, unpack_words
from charloom.core.errors import UnknownModelError
from charloom.core.model import checkpoint
from charloom.core.runs.events import bits
from charloom.core.store.read import find_checkpoint
from charloom.core.store.ref import CheckpointRef
from charloom.core.store.write import import_model, remove_model
from tests.bench.harness import Row, median, print_rows, spread, temporary_home

TEXTS = ("frankenstein.txt:20", "frankenstein.txt:100", "tinyshakespeare.txt:100")
"""Files of the folder of texts; the catalog texts are ``pydoc:100`` and ``loom``."""

_BASE = "base"
_TUNED, _SCRATCH = "tuned", "scratch"  # models of the last runs
_TEXTS_WRITTEN, _LENGTH, _TEMPERATURE = 20, 1_000, 0.8


def rows(
    texts: Sequence[str], base: str, duration: float, times: int, options: Sequence[str] = ()
) -> list[Row]:
    """Train on each text in turn from ``base``, with ``options``, and from scratch."""
    path = Path(base) if Path(base).is_file() else _checkpoint_path(base)
    parts = {text: _read(text) for text in texts}  # before the home changes
    with temporary_home() as home:
        import_model(path, _BASE)
        known = unpack_words(checkpoint.load(path).checkpoint.words)
        table = []
        for text, content in parts.items():
            path = _write(home, content)
            table.append(_row(text, path, base, duration, times, options))
            table.append(_non_words(text, content, known))
        return table


def _row(
    name: str, text: Path, base: str, duration: float, times: int, options: Sequence[str]
) -> Row:
    started, scratch = [], []
    for seed in range(times):
        bound = ["--minutes", str(duration / 60), "--seed", str(seed)]
        started.append(_train(text, _TUNED, "--from", _BASE, *bound, *options))
        scratch.append(_train(text, _SCRATCH, "--from", "none", *bound))
    ours, theirs = ([run[-1]["val_bits_per_char"] for run in side] for side in (started, scratch))
    before = next(event for event in started[0] if event["event"] == "validated")
    best = median([run[-1]["best_step"] / run[-1]["step"] for run in started])
    return Row(
        f"{Path(name).name}, {duration:g} s, bits per character",
        f"from {Path(base).name} {spread(ours, '{:.3f}')}, "
        f"at first {before['val_bits_per_char']:.3f}, best after {best:.0%} of the steps",
        f"scratch {spread(theirs, '{:.3f}')}, 5-gram {bits(started[0][0]['five_gram']):.3f}",
        f"{1 - median(ours) / median(theirs):.1%} lower",
        "",
    )


def _non_words(name: str, text: str, known: Sequence[str]) -> Row:
    """Count the non-words that the last runs write, of any words and of known ones."""
    words = WordList({*known, *_words(text)})

    def share(model: str, choice: str) -> str:
        count = ["--count", str(_TEXTS_WRITTEN), "--length", str(_LENGTH), "--seed", "1"]
        how = ["--temperature", str(_TEMPERATURE), "--words", choice, *count]
        written = _charloom("generate", "", "--model", model, *how, "--json")
        found = [word for event in written for word in _words(event["text"])]
        return f"{sum(not words.is_known(word) for word in found) / len(found):.2%}"

    return Row(
        f"{Path(name).name}, non-words at temperature {_TEMPERATURE}",
        f"{share(_TUNED, 'any')}, of known words {share(_TUNED, 'known')}",
        f"scratch {share(_SCRATCH, 'any')}",
        "",
        "",
    )


def _words(text: str) -> list[str]:
    return [match[0] for match in find_words(text.replace("’", "'"))]


def _checkpoint_path(name: str) -> Path:
    return find_checkpoint(CheckpointRef.parse(name))[1].path


def _read(text: str) -> str:
    name, _, size = text.partition(":")
    content = catalog.load_text(name).text
    begin = len(content) // 4
    return content[begin : begin + 1000 * int(size)] if size else content


def _write(home: Path, content: str) -> Path:
    path = home / "text.txt"
    path.write_text(content, "utf-8")
    return path


def _train(text: Path, name: str, *options: str) -> list[dict[str, Any]]:
    """Return the events of a run, which replaces the model ``name``."""
    with suppress(UnknownModelError):
        remove_model(name)
    return _charloom("train", str(text), "--name", name, *options, "--json")


def _charloom(*arguments: str) -> list[dict[str, Any]]:
    """Return what a command writes, one JSON object a line."""
    command = [sys.executable, "-P", "-m", "charloom.tui.cli", *arguments]
    done = subprocess.run(command, check=True, capture_output=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def main() -> None:
    """Print a row for each text of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.starting")
    parser.add_argument("texts", nargs="+", metavar="TEXT[:KB]")
    parser.add_argument("--base", required=True, metavar="MODEL")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--times", type=int, default=3)
    known, options = parser.parse_known_args()
    print_rows(rows(known.texts, known.base, known.seconds, known.times, options))


if __name__ == "__main__":
    main()
