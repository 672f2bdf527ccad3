"""What people have in files that they take for texts: see :func:`scrap`."""

# ruff: noqa: RUF001 - letters that look like others are what some languages consist of

import codecs
import gzip
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from charloom.core.data.corpus import ReadOptions

_MB = 1 << 20
_BOMB = gzip.compress(bytes(32 * _MB), 1)
_LINES = (
    "No sooner had the wind fallen than we saw the ice; nobody spoke, and the loom went on.\n",
    "L'été dernier, à la fin du mois d'août, nous étions allés jusqu'à la forêt. « Où ça ? »\n",
    "Füchse, Bären und Wölfe saßen am Fluß; niemand grüßte, und das Eis trug nicht.\n",
    "Już dawno nikt nie widział łodzi na rzece; żółte światło gasło w oknach młyna.\n",
    "Ветер стих, и мы увидели лёд; никто не говорил ни слова, только станок стучал всю ночь.\n",
    "Ο άνεμος έπεσε και είδαμε τον πάγο· κανείς δεν μίλησε, μόνο ο αργαλειός χτυπούσε.\n",
    "風がやむと、氷が見えた。誰も口をきかず、機の音だけが夜どおし続いた。\n",
    "风停了,我们看见了冰。没有人说话,只有织布机整夜响着。\n",
    "바람이 그치자 얼음이 보였다. 아무도 말하지 않았고 베틀 소리만 밤새 이어졌다.\n",
    "הרוח שככה וראינו את הקרח; איש לא דיבר, ורק הנול נקש כל הלילה.\n",
    "سكنت الريح فرأينا الجليد، ولم يتكلم أحد، وظل النول يدق طوال الليل.\n",
    "हवा थम गई और हमने बर्फ़ देखी; कोई कुछ न बोला, बस करघा रात भर चलता रहा।\n",
    "ลมสงบลงแล้วเราก็เห็นน้ำแข็ง ไม่มีใครพูดอะไร มีแต่เสียงหูกทอผ้าดังทั้งคืน\n",
    "👩‍👩‍👧‍👦 🏴‍☠️ ☃️ 🧵 wove 🇫🇮 all 👍🏽 night\n",
)
_ENCODINGS = (
    *("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-7"),
    *("cp1252", "latin-1", "cp1250", "cp1251", "cp1253", "cp1255", "cp1256", "koi8-r", "cp437"),
    *("mac-roman", "iso8859-2", "iso8859-15", "tis-620", "shift-jis", "euc-jp", "iso2022-jp"),
    *("big5", "gb18030", "gbk", "hz", "euc-kr", "johab", "cp037", "cp864", "ptcp154"),
)
_CODECS = (
    *("idna", "rot13", "base64", "unicode_escape", "raw_unicode_escape", "punycode", "hex", "zlib"),
    *("undefined", "mbcs", "oem", "charmap", "utf_8\0", "", " ", ".", "../x", "os", "encodings"),
    *("x" * 10_000, "\ud800", "\x1b[2J", "ü", "UTF 8", "aliases", "__init__", "cp65001", "bz2"),
)
_PHRASES = (
    *("(a+)+$", ".*", "[", "\\", "(?s:.*)", "\\d{9}", "*", "=", " ", "\n", "", "the", "the" * 99),
    *("0", "-1", "5", "99999", "9" * 5_000, "１２", "\0", "\ud800", "e\u0301", "a" * 100_000, "İ"),
    *("\u0301" * 50_000, "= " * 50_000, "-" * 199 + "!", "Produced by", "***"),
)
_MARKS = (
    "*** START OF THE PROJECT GUTENBERG EBOOK X ***\n",
    "*** START OF THIS PROJECT GUTENBERG EBOOK X\n",
    "***START OF THE PROJECT GUTENBERG EBOOK\n\n\nX***\n",
    "*** END OF THE PROJECT GUTENBERG EBOOK X ***\n",
    "*END*THE SMALL PRINT! FOR PUBLIC DOMAIN\n",
    "End of Project Gutenberg's X\n",
    "Produced by\nsomebody\n\n",
    "*" * 5_000 + "\n",
    "E-text prepared by" + "\n x" * 20 + "\n\n",
)
# Characters that are more than they seem to be: that are long when composed or decomposed, act on
# a terminal, turn the direction, or are no characters at all.
_ODD = (
    *("\u0344", "\u0f73", "\ufb2c", "\U0001d160", "\u0300", "\u0316", "a\u0345", "\u1100\u1161"),
    *("\0", "\x1b[31m", "\x7f", "\x85", "\u2028", "\r", "\r\n", "\t", "\x0b", "\ufeff", "\u00ad"),
    *("\u202e", "\u2066", "\u200d", "\ufdd0", "\uffff", "\U0010ffff", "\ufffd", "\ud800", "\udfff"),
    *("=", "* ", "_", "\n", "\n\n", " \n", "א\n", "a", "Ж\n", " "),
)


@dataclass(frozen=True, slots=True)
class Scrap:
    """Bytes in a file, and the options to read them with."""

    kind: str
    data: bytes
    reading: ReadOptions


def scrap(random: Random) -> Scrap:
    """Return the next file to be read as a text."""
    size = int(2 ** random.uniform(0, random.choice((6, 12, 12, 12, 16, 20))))
    kind = random.choice(list(_MAKERS))
    data = _MAKERS[kind](random, size)
    if random.random() < 0.5:
        data = _damaged(random, data)
        kind += ", damaged"
    return Scrap(kind, data[: _MB - 1], _reading(random, data))


def _encoded(random: Random, text: str) -> bytes:
    errors = random.choice(("ignore", "replace", "xmlcharrefreplace"))
    encoding = random.choice(_ENCODINGS[:1] * 8 + _ENCODINGS)
    if encoding.startswith("utf") and encoding != "utf-7":
        errors = "surrogatepass"
    return text.encode(encoding, errors)


def _repeated(piece: str, size: int) -> str:
    return piece * (size // len(piece) + 1)


def _one_language(random: Random, size: int) -> bytes:
    return _encoded(random, _repeated(random.choice(_LINES), size))


def _languages(random: Random, size: int) -> bytes:
    lines = random.choices(_LINES, k=random.randrange(2, 9))
    return b"".join(_encoded(random, _repeated(line, size // len(lines))) for line in lines)


def _one_line(random: Random, size: int) -> bytes:
    return _encoded(random, _repeated(random.choice(_LINES)[:-1] + " ", size))


def _one_thing(random: Random, size: int) -> bytes:
    return _repeated(random.choice(_ODD), size).encode("utf-8", "surrogatepass")


def _odd_things(random: Random, size: int) -> bytes:
    things = random.choices(_ODD, k=min(size, 500))
    return _encoded(random, _repeated("".join(things), size))


def _tower(random: Random, size: int) -> bytes:
    marks = random.choices(
        "\u0300\u0316\u0345\u05b0\u0334\u0f73\u0344", k=random.choice((1, 3, 99))
    )
    return ("e" + _repeated("".join(marks), size)).encode()


def _towers(random: Random, size: int) -> bytes:
    marks = random.choices("\u0300\u0316\u0345\u05b0\u0334\u3099", k=random.randrange(1, 120))
    return _repeated("e" + "".join(marks), size).encode()


def _any_points(random: Random, size: int) -> bytes:
    high = random.choice((0x100, 0x800, 0x10000, 0x110000))
    points = [random.randrange(high) for _ in range(min(size, 4_096))]
    return _encoded(random, _repeated("".join(map(chr, points)), size))


def _book(random: Random, size: int) -> bytes:
    pieces = (_MARKS, _LINES, ("\n", " "))
    text = (random.choice(random.choice(pieces)) for _ in range(random.randrange(1, 200)))
    return _encoded(random, _repeated("".join(text), size))


def _marks(random: Random, size: int) -> bytes:
    return _repeated(random.choice(_MARKS), size).encode()


def _headings(random: Random, size: int) -> bytes:
    between = random.choice(("\n\n", "\n", "\n \n", " ", "\n\nthe\n\n"))
    return _repeated("the" + between, size).encode()


def _noise(random: Random, size: int) -> bytes:
    return random.randbytes(size)


def _few_bytes(random: Random, size: int) -> bytes:
    some = random.randbytes(random.choice((1, 2, 3, 8, 40))).replace(b"\0", b" ")
    return some * (size // len(some) + 1)


def _compressed(random: Random, size: int) -> bytes:
    return random.choice((_BOMB, zlib.compress(random.randbytes(size), 1)))


_MAKERS: Mapping[str, Callable[[Random, int], bytes]] = {
    "one language": _one_language,
    "languages": _languages,
    "one line": _one_line,
    "one thing": _one_thing,
    "odd things": _odd_things,
    "a tower of marks": _tower,
    "towers of marks": _towers,
    "any code points": _any_points,
    "a book": _book,
    "Gutenberg's marks": _marks,
    "headings": _headings,
    "noise": _noise,
    "few bytes": _few_bytes,
    "compressed bytes": _compressed,
}
_BYTE_ORDER_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE)


def _damaged(random: Random, data: bytes) -> bytes:
    at = random.randrange(len(data) + 1)
    end = min(len(data), at + random.choice((1, 2, 3, 100)))
    kind = random.randrange(7)
    if kind == 0:
        return data[:at]
    if kind == 1:
        return data[:at] + random.randbytes(end - at) + data[end:]
    if kind == 2:
        return data[:at] + data[end:]
    if kind == 3:
        return random.choice(_BYTE_ORDER_MARKS) + data
    if kind == 4:
        return data.replace(random.choice((b" ", b"e", b"\n")), random.randbytes(1))
    if kind == 5:
        return bytes(byte ^ 1 << random.randrange(8) for byte in data[:5_000])
    return data[:at] + random.choice((b"\0", b"\xff", b"\xed\xa0\x80", b"\x1b", b"\r")) + data[at:]


def _reading(random: Random, data: bytes) -> ReadOptions:
    reading: ReadOptions = {}
    if random.random() < 0.25:
        reading["encoding"] = random.choice(_CODECS + _ENCODINGS)
    if random.random() < 0.25:
        reading["start"] = _place(random, data)
    if random.random() < 0.25:
        reading["end"] = _place(random, data)
    for flag in ("nfc", "trim", "short"):
        if random.random() < 0.15:
            reading[flag] = flag == "short"
    return reading


def _place(random: Random, data: bytes) -> str:
    """Return a phrase, one from the text or another, or an offset."""
    if data and random.random() < 0.5:
        at = random.randrange(len(data))
        return data[at : at + random.choice((3, 9, 99))].decode("utf-8", "replace")
    return random.choice(_PHRASES)
