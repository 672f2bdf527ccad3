"""Files that are no checkpoints at all, and some whose JSON would be too much for a machine."""

import functools
import gzip
import json
import pickle
import zipfile
from collections.abc import Callable, Mapping
from io import BytesIO
from random import Random

import numpy as np
import safetensors.numpy

_MB = 1 << 20


@functools.cache
def _zip() -> bytes:
    """Return what ``torch.save`` makes, as to its form; unpacked, it would be large."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"w": [0.0] * 9}))
        archive.writestr("archive/data/0", bytes(32 * _MB))
    return file.getvalue()


@functools.cache
def _gzip() -> bytes:
    return gzip.compress(bytes(32 * _MB), 1)


def _with_header(header: str) -> bytes:
    return len(header).to_bytes(8, "little") + header.encode()


DISGUISES: Mapping[str, Callable[[Random], bytes]] = {
    "nothing in it": lambda _: b"",
    "few bytes": lambda random: random.randbytes(random.randrange(20)),
    "noise": lambda random: random.randbytes(random.randrange(_MB)),
    "zeros": lambda random: bytes(random.randrange(_MB)),
    "a ZIP bomb": lambda _: _zip(),
    "a gzip bomb": lambda _: _gzip(),
    "a pickle": lambda random: pickle.dumps({"weights": [random.random()] * 999}),
    "a picture": lambda random: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + random.randbytes(999),
    "a text": lambda _: b"It was on a dreary night of November.\n" * 99,
    "weights of others": lambda _: safetensors.numpy.save({"w": np.zeros((2, 3))}),
    "brackets": lambda _: _with_header("[" * (_MB - 99)),
    "closed brackets": lambda _: _with_header('{"a": [' + "[]," * (_MB // 4) + "0]}"),
    "small objects": lambda _: _with_header('{"a": [' + '{"":0},' * (_MB // 8) + "0]}"),
    "many keys": lambda _: _with_header(json.dumps({f"{n:x}": 0 for n in range(80_000)})),
    "a long key": lambda _: _with_header(json.dumps({"\ud800" * (_MB // 8): 0})),
    "wide letters": lambda _: _with_header(json.dumps({"a": ["\U0001f9f5"] * (_MB // 18)})),
    "a long number": lambda _: _with_header('{"a": 1' + "0" * (_MB - 99) + "}"),
    "a long fraction": lambda _: _with_header('{"a": 1.' + "3" * (_MB - 99) + "}"),
    "blanks": lambda _: _with_header("{" + " " * (_MB - 99) + "}"),
}
