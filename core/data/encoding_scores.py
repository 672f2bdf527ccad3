"""Score encodings of a text: by how well its letters then fit a language written in it.

The score is a log probability of the characters, one by one (a naive Bayes classifier).
"""

# ruff: noqa: RUF001 - this module contains letters of many alphabets

import math
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache

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

# In nats per character, as are all scores
_COMMON, _LETTER_RANKS, _EAST_ASIAN_RANKS = math.log(0.12), 8, 25  # p = 0.12 exp(-rank / ranks)
_CAPITALS = math.log(0.04), math.log(0.96)
_ALL_CAPITALS = -10.0
_RARER_ENCODING = 1.5  # that each is less common than the one before it


def encoding_scores(data: bytes) -> Iterator[tuple[float, int, str]]:
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
