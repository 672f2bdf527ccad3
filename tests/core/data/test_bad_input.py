"""Bad input gives a one-line error or a reported adjustment, and loses nothing."""

import json
import os
import pickle
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from charloom.core import paths
from charloom.core.model import checkpoint
from charloom.core.store.read import load_checkpoint
from charloom.tui.cli import run
from tests.helpers.factories import checkpoint_path, random_checkpoint, ref, save_model, tree
from tests.helpers.marks import needs_posix

TEXT = "The sea was grey, and the loom went on. " * 40
TINY = ["--hidden", "4", "--embedding", "2", "--steps", "2", "--threads", "1"]
PRECISE = ["--precision", "float32"]


@pytest.fixture(autouse=True)
def a_model_and_a_favorite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_model("mine", random_checkpoint("\n abcdefghilmnorstuwyT,."))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text(TEXT)
    assert run(["generate", "the sea", "--model", "mine", "--length", "5", "--favorite"]) == 0


def write(name: str, data: bytes) -> Callable[[], None]:
    def prepare() -> None:
        Path(name).write_bytes(data)

    return prepare


def fifo() -> None:
    os.mkfifo("pipe")


def damaged(change: Callable[[bytes], bytes]) -> Callable[[], None]:
    """Put a damaged copy of a checkpoint at ``bad.safetensors``."""

    def prepare() -> None:
        whole = checkpoint.to_bytes(random_checkpoint())
        Path("bad.safetensors").write_bytes(change(whole))

    return prepare


def in_store(change: Callable[[bytes], bytes]) -> Callable[[], None]:
    """Damage the checkpoint of the model."""

    def prepare() -> None:
        path = checkpoint_path("mine")
        path.write_bytes(change(path.read_bytes()))

    return prepare


def nothing() -> None:
    pass


NOISE = random.Random(1).randbytes(5_000)
FOREIGN = safetensors.numpy.save({"weight": np.zeros((2, 3), np.float32)})
IMPORT = ["models", "import", "bad.safetensors"]
GENERATE = ["generate", "the", "--model", "mine", "--length", "5"]

POSIX_FILES = {"a FIFO", "a device", "a link to itself"}
# A name, the preparation, the command, and words that its error must contain.
REFUSED: list[tuple[str, Callable[[], None], list[str], str]] = [
    ("empty text", write("a", b""), ["train", "a"], "empty"),
    ("blank text", write("a", b" \n\n \t"), ["train", "a"], "empty"),
    ("one character", write("a", b"x"), ["train", "a"], "only 1 character;"),
    ("one character, repeated", write("a", b"x" * 999), ["train", "a"], "a single character"),
    ("too short", write("a", b"Once upon a time"), ["train", "a"], "characters"),
    ("random bytes", write("a", NOISE), ["train", "a"], ""),
    ("an image", write("a", b"\x89PNG\r\n\x1a\n" + NOISE), ["train", "a"], ""),
    ("NUL bytes", write("a", b"abc\0def " * 90), ["train", "a"], "text"),
    (
        "wrong encoding",
        write("a", b"\xe9t\xe9 " * 99),
        ["train", "a", "--encoding", "utf-8"],
        "utf-8",
    ),
    ("unknown encoding", nothing, ["train", "text.txt", "--encoding", "klingon"], "klingon"),
    ("lone surrogates", write("a", b"\xed\xa0\x80 abc" * 90), ["train", "a"], ""),
    ("a directory", lambda: Path("d").mkdir(), ["train", "./d"], "d"),
    ("a FIFO", fifo, ["train", "pipe"], "pipe"),
    ("a device", nothing, ["train", "/dev/null"], "/dev/null"),
    ("missing", nothing, ["train", "no/such.txt"], "no/such.txt"),
    ("unknown name", nothing, ["train", "frankenstien"], "frankenstein"),
    ("a path too long", nothing, ["train", "x" * 500], "x"),
    ("a path through a file", nothing, ["train", "text.txt/a"], "text.txt/a"),
    ("a link to itself", lambda: Path("a").symlink_to("a"), ["train", "./a"], "a"),
    ("NUL in a path", nothing, ["train", "a\0b"], ""),
    ("phrase not there", nothing, ["train", "text.txt", "--start", "zebra"], "zebra"),
    ("start after end", nothing, ["train", "text.txt", "--start", "500", "--end", "20"], ""),
    ("start past the end", nothing, ["train", "text.txt", "--start", "99999"], "99999"),
    ("bad mirror", nothing, ["train", "alice", "--mirror", "ftp:/nowhere"], "mirror"),
    ("no network", nothing, ["train", "alice", "--mirror", "http://127.0.0.1:9"], "loom"),
    ("hidden 0", nothing, ["train", "text.txt", "--hidden", "0"], "--hidden"),
    ("hidden negative", nothing, ["train", "text.txt", "--hidden", "-1"], "--hidden"),
    ("hidden huge", nothing, ["train", "text.txt", "--hidden", "1000000000000"], "--hidden"),
    ("batch negative", nothing, ["train", "text.txt", "--batch", "-4"], "--batch"),
    ("batch 0", nothing, ["train", "text.txt", "--batch", "0"], "--batch"),
    ("rate huge", nothing, ["train", "text.txt", "--rate", "1e9"], "--rate"),
    ("rate NaN", nothing, ["train", "text.txt", "--rate", "nan"], "--rate"),
    ("rate infinite", nothing, ["train", "text.txt", "--rate", "inf"], "--rate"),
    ("rate negative", nothing, ["train", "text.txt", "--rate", "-1"], "--rate"),
    ("minutes 0", nothing, ["train", "text.txt", "--minutes", "0"], "--minutes"),
    ("minutes NaN", nothing, ["train", "text.txt", "--minutes", "nan"], "--minutes"),
    ("minutes negative", nothing, ["train", "text.txt", "--minutes", "-1"], "--minutes"),
    ("minutes without end", nothing, ["train", "text.txt", "--minutes", "inf"], "--minutes"),
    ("too many layers", nothing, ["train", "text.txt", "--layers", "9"], "--layers"),
    ("dropout beyond 1", nothing, ["train", "text.txt", "--dropout", "1.5"], "--dropout"),
    ("all held out", nothing, ["train", "text.txt", "--held-out", "0.9"], "--held-out"),
    ("tied unequal", nothing, ["train", "text.txt", "--tied", "--hidden", "65"], "--tied"),
    ("two bounds", nothing, ["train", "text.txt", "--steps", "1", "--epochs", "1"], "--steps"),
    ("negative seed", nothing, ["train", "text.txt", "--seed", "-1"], "--seed"),
    ("all folded", nothing, ["train", "text.txt", "--fold", "999999"], "--fold"),
    ("name ..", nothing, ["train", "text.txt", "--name", ".."], "name"),
    ("name with a slash", nothing, ["train", "text.txt", "--name", "a/b"], "name"),
    ("empty name", nothing, ["train", "text.txt", "--name", ""], "name"),
    ("reserved name", nothing, ["train", "text.txt", "--name", "CON"], "name"),
    ("300 characters of name", nothing, ["train", "text.txt", "--name", "n" * 300], "name"),
    ("a name that is taken", nothing, ["train", "text.txt", "--name", "mine"], "mine"),
    ("taken but for case", nothing, ["train", "text.txt", "--name", "MINE"], "mine"),
    ("the bundled name", nothing, ["train", "text.txt", "--name", "frankenstein"], "frankenstein"),
    ("resume unknown", nothing, ["resume", "nobody"], "nobody"),
    ("resume what was never trained here", nothing, ["resume", "mine"], "mine"),
    ("unknown model", nothing, ["generate", "x", "--model", "mime"], "mine"),
    ("unknown step", nothing, ["generate", "x", "--model", "mine@999"], "999"),
    ("address in tatters", nothing, ["generate", "x", "--model", "@"], ""),
    ("temperature negative", nothing, [*GENERATE, "--temperature", "-1"], "--temperature"),
    ("temperature NaN", nothing, [*GENERATE, "--temperature", "nan"], "--temperature"),
    ("temperature 11", nothing, [*GENERATE, "--temperature", "11"], "--temperature"),
    ("top-p 0", nothing, [*GENERATE, "--top-p", "0"], "--top-p"),
    ("top-p 2", nothing, [*GENERATE, "--top-p", "2"], "--top-p"),
    ("min-p 2", nothing, [*GENERATE, "--min-p", "2"], "--min-p"),
    ("top-k negative", nothing, [*GENERATE, "--top-k", "-5"], "--top-k"),
    ("truncated checkpoint", damaged(lambda b: b[: len(b) // 2]), IMPORT, "bad.safetensors"),
    ("one byte changed", damaged(lambda b: b[:-9] + b"\x01" + b[-8:]), IMPORT, "damaged"),
    ("garbled header", damaged(lambda b: b[:8] + b"!" + b[9:]), IMPORT, "bad.safetensors"),
    ("header of 2^60 bytes", damaged(lambda b: b"\0" * 7 + b"\x10" + b[8:]), IMPORT, "truncated"),
    ("a pickle", write("bad.safetensors", pickle.dumps({"w": [1]})), IMPORT, "bad.safetensors"),
    ("foreign safetensors", write("bad.safetensors", FOREIGN), IMPORT, "not a Charloom checkpoint"),
    ("damaged in the store", in_store(lambda b: b[:-1] + b"\x7f"), GENERATE, "damaged"),
    ("cut short in the store", in_store(lambda b: b[:-64]), GENERATE, "truncated"),
    ("header gone in the store", in_store(lambda b: b"\xff" * 9 + b[9:]), GENERATE, "truncated"),
    ("an empty checkpoint", write("bad.safetensors", b""), IMPORT, "bad.safetensors"),
    ("a missing checkpoint", nothing, IMPORT, "bad.safetensors"),
    ("a text as checkpoint", nothing, ["models", "import", "text.txt"], "text.txt"),
    ("score nothing", write("a", b""), ["score", "a", "--model", "mine"], "empty"),
    (
        "score the unknown",
        write("a", "ΩΨ".encode() * 9),
        ["score", "a", "--model", "mine"],
        "knows",
    ),
    ("favorite that is not", nothing, ["favorites", "show", "99"], "99"),
    ("replay of nothing", nothing, ["favorites", "replay", "99"], "99"),
    ("tag with a comma", nothing, ["favorites", "tag", "1", "a,b"], "comma"),
    ("export over a file", nothing, ["favorites", "export", "--output", "text.txt"], "--force"),
    ("rename to nowhere", nothing, ["models", "rename", "mine", "../up"], "name"),
    ("remove the bundled", nothing, ["models", "remove", "frankenstein", "--yes"], "frankenstein"),
    ("remove the unknown", nothing, ["models", "remove", "nobody", "--yes"], "nobody"),
    ("export over a text", nothing, ["models", "export", "mine", "text.txt"], "--force"),
    ("escapes in a name", nothing, ["generate", "x", "--model", "\x1b[2J"], "\\x1b[2J"),
]

# The same for errors of the command line itself, which show its usage.
MISUSED: list[list[str]] = [
    ["train", "text.txt", "--preset", "huge"],
    ["train", "text.txt", "--steps", "many"],
    ["train", "text.txt", "--fold", "-3"],
    [*GENERATE, "--length", "-1"],
    [*GENERATE, "--length", str(10**12)],
    [*GENERATE, "--count", "0"],
    [*GENERATE, "--seed", "-1"],
    [*GENERATE, "--seed", str(2**70)],
    ["favorites", "show", "abc"],
    ["models", "remove", "mine"],
    ["weave"],
    ["generate", "--colour"],
    ["paths", "\x1b]0;title\x07"],
]


@pytest.mark.parametrize(
    ("prepare", "command", "words"),
    [
        pytest.param(
            *case[1:], id=case[0], marks=[needs_posix("such files")] * (case[0] in POSIX_FILES)
        )
        for case in REFUSED
    ],
)
def test_bad_input_gets_one_sentence_and_loses_nothing(
    prepare: Callable[[], None],
    command: list[str],
    words: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    prepare()
    before = tree(paths.models_dir())
    capfd.readouterr()
    assert run(command) == 1
    out, err = capfd.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("charloom: ") and line.endswith(".")
    assert words in line
    assert tree(paths.models_dir()) == before


@pytest.mark.parametrize("command", MISUSED, ids=" ".join)
def test_misuse_gets_the_usage_and_loses_nothing(
    command: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    before = tree(paths.models_dir())
    capfd.readouterr()
    assert run(command) == 2
    out, err = capfd.readouterr()
    assert (
        out == ""
        and "Usage:" in err
        and "Traceback" not in err
        and err.replace("\n", "").isprintable()
    )
    assert tree(paths.models_dir()) == before


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("", "empty"),
        ("ΩΨ漢字", "none of the prompt's characters"),
        ("the \x1b[31msea\x07", "dropped"),
        ("the \ud800 sea", "dropped"),
        ("the\0 sea", "dropped"),
        ("Thé “sea”", "→"),
        ("the sea " * 130_000, "Only the last"),
    ],
    ids=["empty", "all unknown", "escapes", "surrogate", "NUL", "typographic", "1 MB"],
)
def test_an_odd_prompt_is_used_after_a_stated_adjustment(
    prompt: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    assert run(["generate", prompt, "--model", "mine", "--length", "9", "--json"]) == 0
    out, err = capfd.readouterr()
    assert said in err and err.replace("\n", "").isprintable()
    assert len(json.loads(out)["text"]) == 9


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (("word " * 61_440).encode(), ""),
        (TEXT.replace("\n", "\r\n").encode("utf-16"), ""),
        ((TEXT * 9).replace("sea", "séa").encode("latin-1"), "guess"),
        (b"A lamp was lit in the chapel at one.", "short"),
    ],
    ids=["300 KB line", "UTF-16", "Latin-1", "a sentence"],
)
def test_an_odd_text_is_learned_and_what_was_adjusted_is_said(
    text: bytes, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    Path("odd.txt").write_bytes(text)
    assert run(["train", "odd.txt", *TINY, *PRECISE]) == 0
    assert said in capfd.readouterr().err
    assert load_checkpoint(ref("odd@last")).checkpoint.step == 2


def test_a_library_that_is_no_database_is_left_alone_and_the_text_still_delivered(
    capfd: pytest.CaptureFixture[str],
) -> None:
    paths.library_file().with_name("library.sqlite-wal").unlink(missing_ok=True)
    paths.library_file().write_bytes(b"my own notes, not a database" * 50)
    capfd.readouterr()
    assert run(GENERATE) == 0
    out, err = capfd.readouterr()
    assert out.startswith("the") and len(out) == len("the") + 5 + 1
    assert "Not saved: " in err and "Traceback" not in err
    assert paths.library_file().read_bytes() == b"my own notes, not a database" * 50


def test_after_all_this_the_favorite_is_still_there() -> None:
    for query in ('"', "*", "AND", "NEAR(", "-", "';--", "\0"):
        assert run(["favorites", "search", query]) == 0
    with sqlite3.connect(paths.library_file()) as library:
        assert library.execute("SELECT count(*) FROM generations WHERE starred").fetchone() == (1,)
    library.close()
