"""Checkpoints changed by somebody who knows the format: their digests are always right."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np

from charloom.core.config import ModelConfig
from charloom.core.model import checkpoint
from charloom.core.model.checkpoint import Checkpoint, tensor_shapes
from tests.helpers.factories import random_checkpoint

BASES: tuple[Checkpoint, ...] = (
    random_checkpoint("ab\n", hidden_size=2, embedding_dim=2),
    random_checkpoint(
        "aé\n☃", layers=2, hidden_size=3, embedding_dim=3, seed=1, tie_weights=True, step=7
    ),
    random_checkpoint("".join(map(chr, range(0x400, 0x480))), hidden_size=16, note="Ночь."),
)

_MB = 1 << 20
_LETTERS = [chr(0x10000 + n) for n in range(65_537)]
_TEXTS = ("", "x", "x" * 1_001, "x" * 100_001, "\ud800", "\0", "\x1b]0;x\x07", "\u202e", "e\u0301")
_NUMBERS = (0, -1, 1, 3, 4097, 2**31, 2**40, 2**63, 2**64, 10**12, 10**19, -0.0, 0.5, 1.0, 1e308)
_OTHERS: tuple[Any, ...] = (True, False, None, [], {}, [0], {"a": 0}, [None] * 1_000)
_DTYPES: tuple[Any, ...] = ("F64", "F16", "F32", "BF16", "I8", "f32", "", "\ud800", None, 0, [], {})


class _Raw(str):
    """JSON, or what is none, that is to stand in a file as it is."""

    __slots__ = ()


_RAW = (
    *("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" * 21, "9" * 100_000),
    *("[" * 100_000, '{"a":' * 100_000, "[" * 900 + "]" * 900, "1." + "1" * 9_999),
    *('{"a": 1, "a": 1}', "01", "1,", "'x'", "tru", "/* */ 1", "\ufeff1", '"\t"', '"\\x"'),
    *('"\\ud800"', '"\\ud83d\\ude00"'),
)


@dataclass(slots=True)
class Parts:
    """What a checkpoint consists of."""

    header: dict[str, Any]
    card: Any
    numbers: bytes
    length: int | None = None  # of the header, when the file is to lie about it
    spelling: dict[str, Any] = field(default_factory=dict)  # how JSON is written

    @classmethod
    def of(cls, whole: Checkpoint, half: bool = False) -> "Parts":
        """Take a checkpoint apart."""
        data = checkpoint.to_bytes(whole, half)
        end = 8 + int.from_bytes(data[:8], "little")
        header = json.loads(data[8:end])
        metadata = header["__metadata__"]
        header["__metadata__"] = {key: metadata[key] for key in ("format", "version")}
        return cls(header, json.loads(metadata["metadata"]), data[end:])

    def file(self) -> bytes:
        """Put the file together, with digests that are right unless the metadata have their own."""
        header = self.header
        if isinstance(metadata := header.get("__metadata__"), dict):
            card, digest = self._json(self.card), hashlib.sha256(self.numbers).hexdigest()
            both = (card + digest).encode("utf-8", "surrogatepass")
            right = {
                "metadata": card,
                "metadata_sha256": hashlib.sha256(both).hexdigest(),
                "data_sha256": digest,
            }
            header = header | {"__metadata__": right | metadata}
        data = self._json(header).encode("utf-8", "surrogatepass")
        length = len(data) if self.length is None else self.length
        return length.to_bytes(8, "little") + data + self.numbers

    def _json(self, value: Any) -> str:
        text = json.dumps(value, **self.spelling)
        for raw in {each for _, _, each in _places([value]) if isinstance(each, _Raw)}:
            text = text.replace(json.dumps(raw, **self.spelling), raw)
        return text


def _places(tree: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Yield every container in ``tree`` with each of its keys and what is there."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in list(items):
        yield tree, key, value
        if isinstance(value, dict | list):
            yield from _places(value)


def _odd(random: Random) -> Any:
    """Return what hardly ever belongs where it is put."""
    kind = random.choice((_TEXTS, _NUMBERS, _OTHERS, _RAW))
    value: Any = deepcopy(random.choice(kind))
    return _Raw(value) if kind is _RAW else value


def _somewhere(random: Random, parts: Parts) -> tuple[Any, Any]:
    """Return a container with a key that is in it: most often of the card, else of the header."""
    tree = parts.card if isinstance(parts.card, dict) and random.random() < 0.7 else parts.header
    if not tree:
        tree["step"] = 0
    container, key, _ = random.choice([*_places(tree)])
    return container, key


def _value(random: Random, parts: Parts) -> None:
    container, key = _somewhere(random, parts)
    container[key] = _odd(random)


def _lost_key(random: Random, parts: Parts) -> None:
    container, key = _somewhere(random, parts)
    del container[key]


def _new_key(random: Random, parts: Parts) -> None:
    container, _ = _somewhere(random, parts)
    name = random.choice(("tensors", "self", "__class__", "", "\ud800", "x" * 10_000, "step"))
    if isinstance(container, dict):
        container[name] = _odd(random)
    else:
        container.append(_odd(random))


def _whole_card(random: Random, parts: Parts) -> None:
    text = json.dumps(parts.card)
    doubled = text[:-1] + ', "step": 1}'
    parts.card = random.choice((_Raw(doubled), _Raw(text[:-1]), _Raw(text + text), _odd(random)))


def _metadata(random: Random, parts: Parts) -> None:
    keys = ("format", "version", "metadata", "metadata_sha256", "data_sha256", "extra")
    if isinstance(metadata := parts.header.get("__metadata__"), dict):
        metadata[random.choice(keys)] = random.choice((_odd(random), "2", "9" * 5_000, "pt"))
    parts.header["__metadata__"] = random.choice((metadata, metadata, metadata, _odd(random)))


def _tensor(random: Random, parts: Parts) -> None:
    entry = parts.header[_tensor_name(random, parts)]
    if not isinstance(entry, dict):
        return
    shape = random.choice(([], [-3], [1, 3], [1 << 62, 1 << 62], [3.0], ["3"], [True], 3))
    entry |= random.choice(
        (
            {"dtype": deepcopy(random.choice(_DTYPES))},
            {"shape": random.choice((shape, _odd(random)))},
            {"more": _odd(random)},
            {"data_offsets": random.choice(([0], [0, 0, 0], [8, 4], [-4, 0], [0.0, 4.0], "04"))},
        )
    )


def _offsets(random: Random, parts: Parts) -> None:
    """Let tensors overlap, leave gaps, stand in each other's place or beyond the end."""
    one, other = (parts.header[_tensor_name(random, parts)] for _ in range(2))
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return
    if random.random() < 0.5:
        one["data_offsets"], other["data_offsets"] = other.get("data_offsets"), [0, 8]
    else:
        shift = random.choice((-8, -4, -1, 1, 4, 2**31, 2**64))
        one["data_offsets"] = [shift, 8 + shift]


def _tensors(random: Random, parts: Parts) -> None:
    name = _tensor_name(random, parts)
    if random.random() < 0.5:
        del parts.header[name]
    else:
        parts.header[random.choice(("extra", "", "lstm.weight_hr_l0", "../x"))] = parts.header[name]
    parts.numbers += random.randbytes(random.choice((0, 4, 12, 4096)))


def _tensor_name(random: Random, parts: Parts) -> str:
    names = [name for name in parts.header if name != "__metadata__"]
    if not names:
        names = ["head.bias"]
        parts.header["head.bias"] = {}
    return random.choice(names)


def _vocabulary(random: Random, parts: Parts) -> None:
    many = _LETTERS[: random.choice((65_535, 65_536, 65_537))]
    few: list[list[Any]] = [["a", "a", "b"], ["a", "bc", "d"], ["a", "", "b"], ["a", 1, None], []]
    if isinstance(parts.card, dict):
        parts.card["vocab"] = random.choice((*few, many, "ab\n"))


def _settings(random: Random, parts: Parts) -> None:
    """Claim a network for which there would be no memory, here and there with all its tensors."""
    huge = ModelConfig(65_536, 4096, 4096, 4)
    if not isinstance(parts.card, dict):
        return
    parts.card["model"] = huge.to_json() | {random.choice(("hidden_size", "layers")): _odd(random)}
    if random.random() < 0.7:
        parts.card["model"] = huge.to_json()
        parts.card["vocab"] = _LETTERS[:65_536]
        parts.header = {"__metadata__": parts.header.get("__metadata__")}
        start = 0
        for name, shape in sorted(tensor_shapes(huge).items()):
            end = start + 4 * int(np.prod(shape))
            entry = {"dtype": "F32", "shape": [*shape], "data_offsets": [start, end]}
            parts.header[name] = entry
            start = end
        parts.spelling = {"ensure_ascii": False}


def _bytes_beyond(random: Random, parts: Parts) -> None:
    parts.numbers = random.choice(
        (parts.numbers[:-4], parts.numbers + b"\0", parts.numbers * 2, b"", bytes(_MB // 2))
    )


def _any_numbers(random: Random, parts: Parts) -> None:
    parts.numbers = random.randbytes(len(parts.numbers))  # NaN and infinity among them, most often


def _length(random: Random, parts: Parts) -> None:
    true = int.from_bytes(parts.file()[:8], "little")
    lies = (0, 1, 2, true - 1, true + 1, true + 8, 4 * _MB, 4 * _MB + 1, 2**31, 2**63, 2**64 - 1)
    parts.length = random.choice(lies)


FORGERIES: Mapping[str, Callable[[Random, Parts], None]] = {
    "an odd value": _value,
    "another odd value": _value,
    "a lost key": _lost_key,
    "a new key": _new_key,
    "another card": _whole_card,
    "other metadata": _metadata,
    "an odd tensor": _tensor,
    "odd offsets": _offsets,
    "other tensors": _tensors,
    "another vocabulary": _vocabulary,
    "a huge network": _settings,
    "bytes more or less": _bytes_beyond,
    "any numbers": _any_numbers,
    "a false length": _length,
}


def _note(random: Random, parts: Parts) -> None:
    parts.card["note"] = random.choice(_TEXTS[:3] + _TEXTS[4:]) * 50


def _words(random: Random, parts: Parts) -> None:
    for name in ("title", "sha256", "opening"):
        parts.card["corpus"][name] = random.choice(("", "\ud800", "\x1b[2J\x07\u202e", "x" * 1_000))


def _figures(random: Random, parts: Parts) -> None:
    parts.card["step"] = random.choice((0, 1, 10**8, 10**12))
    parts.card["losses"]["validation"] = random.choice((None, 0, 0.0, 1e-320, 1e308))
    parts.card["created"] = random.choice(("1970-01-01T00:00Z", "9998-12-31T23:59:59.999999+14:00"))


def _letters(random: Random, parts: Parts) -> None:
    points = random.sample((*range(40), *range(0x7F, 0xAD), *range(0xD800, 0xD900)), 20)
    points += random.sample(range(0x2000, 0x110000), 108)
    parts.card["vocab"] = [chr(point) for point in points[-len(parts.card["vocab"]) :]]


def _finite_numbers(random: Random, parts: Parts) -> None:
    half = parts.header["head.bias"]["dtype"] == "F16"
    dtype, most = ("<f2", 65504.0) if half else ("<f4", 3.4e38)
    count = len(parts.numbers) // (2 if half else 4)
    scale = random.choice((0.0, 1e-45, 1e-7, 1.0, 30.0, 6e4, 1e30, most))
    numbers = [max(-most, min(most, random.gauss(0, scale))) for _ in range(count)]
    parts.numbers = np.array(numbers, dtype).tobytes()


def _order(random: Random, parts: Parts) -> None:
    for each in (parts.header, parts.card, parts.card["corpus"]):
        items = list(each.items())
        random.shuffle(items)
        each.clear()
        each.update(items)


def _spelling(random: Random, parts: Parts) -> None:
    parts.spelling = {"indent": random.randrange(9), "ensure_ascii": random.random() < 0.5}


HARMLESS: Mapping[str, Callable[[Random, Parts], None]] = {
    "another note": _note,
    "other words": _words,
    "other figures": _figures,
    "other letters": _letters,
    "finite numbers": _finite_numbers,
    "another order": _order,
    "another spelling": _spelling,
}
