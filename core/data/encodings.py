"""Stage 1: decode the bytes of a text, and guess the encoding if none is given.

A byte order mark and valid UTF-8 are certain. Otherwise each of some 40 encodings is tried: the
text that it gives is scored by how well its letters fit a language that was written in it. The
score is a log probability of the characters, one by one (a naive Bayes classifier).
"""

# ruff: noqa: RUF001 - this module contains letters of many alphabets

import codecs
import io
import itertools
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import BinaryIO, NamedTuple

from charloom.core.errors import SettingError
from charloom.core.sanitize import quoted

_MAX_NAME = 200  # characters in a message

# Longer marks come first: that of UTF-32 begins with that of UTF-16.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF8, "utf-8"),
)
_NON_TEXT_CODECS = ("idna", "punycode", "unicode-escape")  # for host names and source code

# The letters of each language, the most frequent first; from the frequencies in its Wikipedia, as
# the package langdetect 1.0.9 has them. Before them the encodings, the most common first.
_ALPHABETS: tuple[tuple[str, Mapping[str, str]], ...] = (
    (
        "windows-1252 iso-8859-15 mac-roman cp850 cp437 cp865 cp861",
        {
            "English": "eaitnosrlhdcmufpgbywvkjxzqé",
            "French": "eanistrloudcmépghbfvqyàjxèkwçzêôîâïûùœëæ",
            "German": "enirstadlhuocmgbkfpwzvüäyöjßxéq",
            "Spanish": "eaonisrldtcumpgbfyvhóqíjzáékxñúwü",
            "Italian": "aieonltrsdcumpgvbfhzèkyqàwjxùòéì",
            "Portuguese": "aeoidsrntmculpgbhfvéãçíqákzjóxywêúâõàôü",
            "Dutch": "enaitrsodlmghuvcpkbwjfzyëéxqáöüïè",
            "Swedish": "earntsilodmkgvufhpäbcöåyjwxzéq",
            "Norwegian": "erntsaioldkgmvufpbhyøjåcwæzxäqéöòô",
            "Danish": "erntisadlogmkfbuvphyøcåæjwzxéq",
            "Finnish": "ainetsolukrmäjvphydgcböfwxzå",
            "Catalan": "aeislnrtdocumpgbfvéhqóàèyíxjòkzwçúïü",
            "Albanian": "eitëarnshomlkdujpgvbfqzcyçxw",
            "Icelandic": "airentlsuðkgmfvdoyháíþbójúpöæéýcx",
        },
    ),
    (
        "windows-1250 iso-8859-2 cp852 mac-latin2",
        {
            "Polish": "aioenwrscztkdypmlujghłbóąśężfńvćxźéq",
            "Czech": "eoantsirvklmudpíchjázbyéěýřčžgšfůwúxňóťďq",
            "Slovak": "oaenirtsvklmdpucházbjyýíčéúgšžfľťówôxňäďĺŕ",
            "Hungarian": "aetlsnrikozágémbydvpuhcjfóöőíüúűwx",
            "Romanian": "eiarntulocsdmpăfbgvîţşzhâjkxywé",
            "Croatian": "aieonrjskutldmvpgzcbhčšžfćywđxq",
        },
    ),
    ("iso-8859-16", {"Romanian": "eiarntulocsdmpăfbgvîțșzhâjkxywé"}),
    ("windows-1254 cp857 mac-turkish", {"Turkish": "aeinrlıdktsmuoybügşvzhcpfçğöjwâxîû"}),
    (
        "windows-1257 iso-8859-13 iso-8859-4 cp775",
        {
            "Lithuanian": "iasoerntuklmpdjvgėyųbšžcūčįzfąhęwx",
            "Latvian": "aisertunoklāmdpvjzībgēcšfļūhņžķģčywx",
            "Estonian": "aeistnloukrmdvghpjbäõüfcöywzšxž",
        },
    ),
    ("iso-8859-3", {"Esperanto": "aoeintrslujkvmpdgbfĝchĉzŭŝĵy"}),
    (
        "windows-1258",
        {"Vietnamese": "ểnathicgleomu\u0300rsđ\u0301pbdvyưkâôqfă\u0323\u0309\u0303xwơzj"},
    ),
    (
        "windows-1251 koi8-r cp866 iso-8859-5 mac-cyrillic koi8-u cp1125 cp855",
        {
            "Russian": "оиаенрствлкмдпяугйызбьхчцжфюшщэёъ",
            "Ukrainian": "наоіетрисвклдумпьзягцбйчхїюфжєшщґ",
            "Bulgarian": "аиеонтрсвклдпмгзяъубчцйжфщхшюь",
            "Serbian": "аиеонтрсдкмвулпјзбгшцчњжљфћхђџ",
            "Belarusian": "аніелысркяптдцьмвзоубўэчгшйхжёюфґ",
        },
    ),
    (
        "windows-1253 iso-8859-7 cp737 cp869 mac-greek",
        {"Greek": "αοστινερκηπμυλίόγάήδέωχύθφβώζξψϊ"},
    ),
    ("windows-1255 iso-8859-8 cp862", {"Hebrew": "יוהרלבתמאשנדקעםפסחכטגןצזךףץְִֶַָֹּׁ"}),
    (
        "windows-1256 iso-8859-6 cp864",
        {
            "Arabic": "اليمونرتبةدعسفهكقحأجشطصإىزخثغضذئءظًآؤّـَُِ",
            "Persian": "ايرنهدومتسشبکلزفعجقگآخپطصحچغذژضئظث",
        },
    ),
    (
        "cp874",
        {"Thai": "านรอเกง่มัียวล้ทิสดตปะหบคแพจ์ืชข็ใุโูศไำึซษถภธณผญฟฐฤฮฉๆ"},
    ),
)

# East Asian languages have too many characters to list: their encodings, the most frequent
# characters, and a national standard in whose first rows, up to a lead byte, are the common ones.
_EAST_ASIAN: tuple[tuple[str, str, str, int], ...] = (
    (
        "gb18030 utf-16-le utf-16-be utf-32-le utf-32-be",
        "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过"
        "发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本"
        "前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很",
        "gb2312",
        0xD8,
    ),
    (
        "big5 cp950 big5hkscs utf-16-le utf-16-be utf-32-le utf-32-be",
        "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過"
        "發後作裡用道行所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本"
        "前開但因只從想實日軍者意無力它與長把機十民第公此已工使情明性知全三又關點正業外將兩高間由問很",
        "big5",
        0xC9,
    ),
    (
        "cp932 shift_jis_2004 euc_jp euc_jis_2004 utf-16-le utf-16-be utf-32-le utf-32-be",
        "のにるとはをたがでいてしなれかさっりらまうもくこすけあよきンおめイみルスせトそろやつつえアリラ"
        "ドわッシーどだじ日人ばレクほフねロタ一へカコ大年テマちふプサ本",
        "euc_jp",
        0xD0,
    ),
    (
        "cp949 johab utf-16-le utf-16-be utf-32-le utf-32-be",
        "이다는에의을하고가지를한로은사도기어아그나서리인자들대일으수시있해라보게정부과만제조면여니상전",
        "euc_kr",
        0xC9,
    ),
)
_EAST_ASIAN_MARKS = frozenset("　、。，．「」『』！？：；・ー“”‘’…—《》（）")
_MARKS = frozenset("\xa0“”„‘’‚«»‹›–—…•·°§©®£€½¡¿،؛؟")

_CONTROLS = frozenset("\t\n\f\r\x1b\u200c\u200d\u200e\u200f")  # that texts have

_ESCAPES = (  # of encodings that consist of ASCII characters
    (b"\x1b$", ("iso2022_jp", "iso2022_jp_2004", "iso2022_jp_ext", "iso2022_jp_2", "iso2022_kr")),
    (b"~{", ("hz",)),
)

# In nats per character, as are all scores
_COMMON, _LETTER_RANKS, _EAST_ASIAN_RANKS = math.log(0.12), 8, 25  # p = 0.12 exp(-rank / ranks)
_MIN_MEAN_SCORE = -9.5
_TIE = 12.0  # nats, of the whole text
_CAPITALS = math.log(0.04), math.log(0.96)
_ALL_CAPITALS = -10.0
_RARER_ENCODING = 1.5  # that each is less common than the one before it

# To guess an encoding, up to _SAMPLE_BLOCKS blocks are looked at. A margin on either side keeps the
# words at their edges whole.
_SAMPLE_BLOCK_BYTES, _SAMPLE_MARGIN_BYTES, _SAMPLE_BLOCKS = 2**12, 2**6, 32
_WIDE_SAMPLE_BYTES = 2**16
_CHUNK_BYTES = 2**20  # a multiple of a block


class Encoding(NamedTuple):
    """The encoding of a text; ``errors`` is how to decode it, ``guessed`` if it is a guess."""

    name: str
    errors: str = "strict"
    guessed: bool = False


def decode(data: bytes, name: str) -> str:
    """Return the text of ``data``; ``name`` is that of the file in messages."""
    encoding = detect(io.BytesIO(data), None, name)
    return data.decode(encoding.name, encoding.errors)


def detect(file: BinaryIO, encoding: str | None, name: str) -> Encoding:
    """Return the encoding of ``file``, or the given ``encoding`` if there is one.

    The file is read once, in pieces; if it is not UTF-8, a few times. ``name`` is that of the file
    in messages. Raises :class:`SettingError` for ``encoding`` if it is unknown or cannot be
    guessed.
    """
    if encoding is not None:
        _check_known(encoding, name)
        return Encoding(encoding)
    for mark, marked in _BYTE_ORDER_MARKS:
        if read_at(file, 0, len(mark)) == mark:
            if not _fits(file, marked):
                raise SettingError(
                    "encoding", f"must be given: {name} is marked as {marked} but damaged."
                )
            return Encoding(marked)
    look = _look_through(file)
    if guess := _escaped(file, look) or _wide(file, look):
        return Encoding(guess, "replace", guessed=True)
    if look.is_utf8:
        return Encoding("utf-8")
    if look.size - look.characters > 10 * look.lost:  # slightly damaged, or truncated
        return Encoding("utf-8", "replace")
    if guess := _most_likely(file, look):
        return Encoding(guess, "replace", guessed=True)
    raise unreadable(name)


def read_at(file: BinaryIO, start: int, size: int) -> bytes:
    """Return up to ``size`` bytes of ``file`` from ``start`` on."""
    file.seek(start)
    return file.read(size)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk


def _decoded(file: BinaryIO, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    for chunk in _chunks(file):
        yield decoder.decode(chunk)
    yield decoder.decode(b"", True)


@dataclass(slots=True)
class _Look:
    """What the bytes of a file are as a whole, decoded as UTF-8."""

    is_ascii: bool = True
    is_utf8: bool = True
    has_nul: bool = False
    escapes: set[bytes] = field(default_factory=set)
    size: int = 0
    characters: int = 0
    lost: int = 0  # characters U+FFFD


def _look_through(file: BinaryIO) -> _Look:
    look, last = _Look(), b""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for chunk in itertools.chain(_chunks(file), [b""]):  # the empty one is the end
        look.size += len(chunk)
        look.has_nul |= b"\0" in chunk
        for escape, _ in _ESCAPES:
            if escape in chunk or escape == last + chunk[:1]:
                look.escapes.add(escape)
        last, state = chunk[-1:], decoder.getstate()
        if chunk and chunk.isascii() and not state[0]:
            look.characters += len(chunk)
            continue
        look.is_ascii &= chunk.isascii() and not state[0]
        try:
            text = decoder.decode(chunk, not chunk)
        except UnicodeDecodeError:
            look.is_utf8 = False
            decoder = codecs.getincrementaldecoder("utf-8")("replace")
            decoder.setstate(state)
            text = decoder.decode(chunk, not chunk)
        look.characters += len(text)
        look.lost += text.count("\ufffd")
    return look


def unreadable(name: str, why: str = "", encoding: str = "utf-8") -> SettingError:
    """Return the error for a file ``name`` that does not look like text; ``encoding`` may fit."""
    return SettingError(
        "encoding",
        f"must be given: {name} looks like binary data{why}. "
        f"If it is text, specify its encoding, such as {encoding}.",
    )


def misfit(encoding: str, name: str) -> SettingError:
    """Return the error for a file ``name`` that is not in the ``encoding`` that was given."""
    shown = quoted(encoding, _MAX_NAME, keep_end=True)
    return SettingError(
        "encoding", f"{shown} does not fit {name}; leave it out to have it guessed."
    )


def _check_known(encoding: str, name: str) -> None:
    try:
        codec = codecs.lookup(encoding)
        if codec.name in _NON_TEXT_CODECS or not codec._is_text_encoding:
            raise LookupError
    except LookupError as error:
        shown = quoted(encoding, _MAX_NAME, keep_end=True)
        raise SettingError(
            "encoding", f"{shown} is unknown; try 'utf-8' or 'windows-1252'."
        ) from error
    except ValueError as error:  # a NUL
        raise misfit(encoding, name) from error


def _fits(file: BinaryIO, encoding: str) -> bool:
    try:
        for _ in _decoded(file, encoding):
            pass
    except UnicodeDecodeError:
        return False
    return True


def _escaped(file: BinaryIO, look: _Look) -> str | None:
    """Return the encoding of East Asian text in ASCII characters, if the file is in one."""
    for escape, encodings in _ESCAPES:
        if escape in look.escapes and look.is_ascii:
            for encoding in encodings:
                with suppress(UnicodeDecodeError):
                    ascii_pieces = [piece.isascii() for piece in _decoded(file, encoding)]
                    if not all(ascii_pieces):
                        return encoding
    return None


def _wide(file: BinaryIO, look: _Look) -> str | None:
    """Return which UTF-16 or UTF-32 a file without a byte order mark is in, if any."""
    if look.has_nul:  # the high byte of a blank
        start = read_at(file, 0, _WIDE_SAMPLE_BYTES)
        for encoding in ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be"):
            if _is_of_one_script(start.decode(encoding, "replace")):
                return encoding
    return None


def _most_likely(file: BinaryIO, look: _Look) -> str | None:
    """Return the most likely encoding of a file that is not UTF-8; None if none is likely."""
    sample = _sample(file, look)
    scores = sorted(_scores(sample), key=lambda item: -item[0])
    best, length, _ = scores[0]
    if best < _MIN_MEAN_SCORE * length:
        return None
    likely = [encoding for score, _, encoding in scores if score > best - _TIE]
    return next((encoding for encoding in likely if _fits(file, encoding)), likely[0])


def _is_of_one_script(text: str) -> bool:
    """Return whether ``text`` uses few of Unicode's blocks of 256, as bytes read wrongly do not."""
    blocks = Counter(ord(character) >> 8 for character in text)
    common = sum(count for _, count in blocks.most_common(2))
    wrong = sum(
        c == "\ufffd" or unicodedata.category(c)[0] == "C" for c in text if c not in _CONTROLS
    )
    return common > 0.9 * len(text) and wrong < 0.01 * len(text) + 1


def _scores(data: bytes) -> Iterator[tuple[float, int, str]]:
    """Yield the score, the number of characters and the name of each encoding and language."""
    byte_counts = Counter(data)
    for encodings, languages in _ALPHABETS:
        for rank, encoding in enumerate(encodings.split()):
            counts: Counter[str] = Counter()
            decoded = bytes(byte_counts).decode(encoding, "replace")  # a character for each byte
            for character, count in zip(decoded, byte_counts.values(), strict=True):
                counts[character] += count
            folded, case = _fold(counts)
            for letters in languages.values():
                ranks = _ranks(letters)
                score = sum(
                    count * (_COMMON - ranks[c] / _LETTER_RANKS if c in ranks else _rarity(c))
                    for c, count in folded.items()
                )
                yield score + case - _RARER_ENCODING * rank, counts.total(), encoding
    for encodings, characters, standard, end in _EAST_ASIAN:
        ranks = _ranks(characters)
        for encoding in encodings.split():
            counts = Counter(data.decode(encoding, "replace"))
            score = sum(
                count
                * (
                    _COMMON - 1 - ranks[c] / _EAST_ASIAN_RANKS
                    if c in ranks
                    else _east_asian_rarity(c, standard, end)
                )
                for c, count in counts.items()
            )
            yield score, counts.total(), encoding


def _fold(counts: Counter[str]) -> tuple[Counter[str], float]:
    """Return ``counts`` by lower-case letter, and the score of the case of letters not ASCII."""
    folded: Counter[str] = Counter()
    upper = lower = 0
    for character, count in counts.items():
        small = character.lower()
        folded[small if len(small) == 1 else character] += count
        if not character.isascii():
            upper += count * (small != character)
            lower += count * (character.upper() != character)
    rare, usual = _CAPITALS
    return folded, max(upper * rare + lower * usual, upper * usual + lower * rare + _ALL_CAPITALS)


@cache
def _ranks(letters: str) -> dict[str, int]:
    return {letter: rank for rank, letter in enumerate(letters)}


@cache
def _rarity(character: str) -> float:
    """Return the score of a character that is not in a language's alphabet."""
    if character.isascii():
        if character.isalpha():
            return -6.5
        return -4.0 if character.isprintable() or character in "\t\n\r\f\x1b" else -18.0
    if character in _MARKS:
        return -7.5
    category = unicodedata.category(character)
    if category[0] == "C" or character == "\ufffd":
        return -18.0
    return -10.5 if category[0] in "LM" else -12.0


@cache
def _east_asian_rarity(character: str, standard: str, end: int) -> float:
    """Return the score of a character that is not among a language's most frequent ones."""
    if character in _EAST_ASIAN_MARKS:
        return -4.5
    if unicodedata.east_asian_width(character) in "WF" and character.isalnum():
        with_lead = character.encode(standard, "ignore")
        return -8.5 if with_lead and with_lead[0] < end else -13.0
    return _rarity(character) - (not character.isascii())


def _sample(file: BinaryIO, look: _Look) -> bytes:
    """Return bytes to guess an encoding from: blocks all over a long text that are not ASCII.

    The blocks begin and end with blanks or punctuation, which are not part of a longer character in
    any encoding.
    """
    if look.size <= _SAMPLE_BLOCK_BYTES * _SAMPLE_BLOCKS:
        return read_at(file, 0, look.size)
    if look.has_nul:  # UTF-16 or UTF-32, whose characters stay whole at the start
        return read_at(file, 0, _WIDE_SAMPLE_BYTES)
    starts = [
        number * _CHUNK_BYTES + at
        for number, chunk in enumerate(_chunks(file))
        for at in range(0, len(chunk), _SAMPLE_BLOCK_BYTES)
        if not chunk[at : at + _SAMPLE_BLOCK_BYTES].isascii()
    ]
    margin = _SAMPLE_MARGIN_BYTES
    blocks = (
        read_at(file, max(0, at - margin), _SAMPLE_BLOCK_BYTES + margin + min(at, margin))
        for at in starts[:: len(starts) // _SAMPLE_BLOCKS + 1]
    )
    pieces = (re.search(rb"[\t-/].*[\t-/]", block, re.DOTALL) for block in blocks)
    joined = b"".join(piece[0] for piece in pieces if piece)
    return joined or read_at(file, 0, _WIDE_SAMPLE_BYTES)
