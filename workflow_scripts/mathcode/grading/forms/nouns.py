"""Bare nouns of what is counted: `apples`, `red balls`, `pieces of candy`, 个苹果. They say nothing about the number before them.

A noun phrase has at most five words, none of which joins, denies, compares, turns, or is a number or a function: `miles north`,
`below zero`, `times x` and `is rejected` are no nouns, and so a number with such words is not the bare number.
A Chinese noun needs its measure word, which does not count: 个苹果 and 只苹果 are one key.
"""

import re

from mathcode.grading.forms.numerals import FRACTION_WORDS
from mathcode.grading.forms.turning import COMPUTING, turns
from mathcode.grading.forms.unit_names import MEASURE_WORDS

MAX_CHARS = 100
"""A longer text is no noun."""

_NOUN = re.compile(r"(?:[tT]-|[xX]-)?[^\W\d_]{2,}(?:['’-][^\W\d_]{2,}|['’]s)*")
_SHORT = re.compile("[^aeiou][aeiou]|ant|arm|ape|axe|ear|egg|elf|eye|ice|ink|oak|oar|owl|tree")
"""How a noun of three letters begins; others look like products of variables."""
_NO_NOUNS_TEXT = """
a absolute all am an and any are as at away back backward backwards be been between both but by clockwise counterclockwise cw ccw decrease
decreased degenerate deg det diff dim dne does down downward downwards each east either else equal equals error every exactly expression
fewer for forward forwards from gcd greater hcf he her his i if in inf infinitely infinity into is it its ker lcm least less lim limit max
me min minus mod modulo more most multiple my north northeast northwest of off on once or other our out outside per percent percentage pi
pm plus point points quarter quarters she some south southeast southwest sum sup sech arg that the their them then there these they this
those thrice times to twice up upward upwards very was we were west when where which will with yes you your zero remainder ratio increase
increased loss gain profit ago later before after earlier tens ones hundreds tenths hundredths thousandths thirds fourths fifths sixths
sevenths eighths ninths dozen dozens hundred thousand million billion trillion thousands millions billions trillions ten alpha beta gamma
delta epsilon theta lambda sigma omega phi psi rho tau mu nu xi st nd rd th january february march april may june july august september
october november december monday tuesday wednesday thursday friday saturday sunday first second true only one two three four five six
seven eight nine eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy
eighty ninety basis ppm ppb score gross too noon midday midnight permille promille
"""
_NO_NOUNS = frozenset((_NO_NOUNS_TEXT + COMPUTING).split()) | FRACTION_WORDS
"""Words that no bare noun phrase holds, beside those that turn the number: they join, name functions or directions, or are numbers."""
_NO_HEADS_TEXT = """
long wide tall deep high higher low lower power prime real rational irrational imaginary complex positive negative even odd square right
left full empty upper inside repeating same whole early late double infinite correct unknown maximum minimum root short composite exact
inexact grand
"""
_NO_HEADS = frozenset(_NO_HEADS_TEXT.split())
"""Words that may stand before a noun (`long pieces`, `prime numbers`), but turn a number if nothing follows (`5 negative`)."""
_ENDINGS = re.compile(".*(?:[^e]ed|[^lipfa]ly|ally)|..+ing")
_NOUNS_SO_ENDING_TEXT = """
bed shed sled moped biped red monopoly assembly building clothing string thing spring swing sling painting drawing ceiling stocking earring
pudding wedding meeting sibling dumpling duckling seedling railing shilling dressing evening morning setting covering filling serving
offspring pairing landing writing reading training opening closing crossing outing herring darling sapling lightning frosting topping icing
"""
_NOUNS_SO_ENDING = frozenset(_NOUNS_SO_ENDING_TEXT.split())
_NO_NOUN_HAN = frozenset(
    "不没无或和且与及是等于增减升降赚亏赢输第上下午早晚前后左右东南西北零一二三四五六七八九十百千万亿两半几多少余约倍的了到比率"
)
_TERMS = re.compile("次(?:函数|方|幂|根|式|曲线|型|项)|项式|面[体角]|倍角|轮车|部曲")
"""How a Chinese text goes on that begins like a measure word but makes a term with the number: 二次函数 are no two functions."""
_IRREGULAR_TEXT = "men man women woman children child people person feet foot mice mouse geese goose teeth tooth dice die oxen ox"
_IRREGULAR = dict(zip(_IRREGULAR_TEXT.split()[::2], _IRREGULAR_TEXT.split()[1::2], strict=True))


def noun(text: str) -> str | None:
    """A key for the countable that a whole text names, one for singular and plural (`red balls`, 个苹果); None if it is no bare noun."""
    text = text.strip()
    if len(text) > MAX_CHARS:
        return None
    wrapped = re.fullmatch(r"\\(?:text|mathrm|textrm|mbox) ?\{([^{}\\]*)\}", text)
    text = (wrapped[1] if wrapped else text).replace("~", " ").strip()
    if text and "\u3400" <= text[0] <= "\u9fff":
        return _chinese_noun(text)
    words = text.split()
    if words[:1] in (["the"], ["The"]):
        words = words[1:]
    if not 0 < len(words) <= 5 or not all(_NOUN.fullmatch(word) and not _is_han(word) for word in words):
        return None
    inner = [word.lower() for word in words]
    if len(words) > 2 and inner[1] == "of":
        inner.pop(1)
    if turns(" ".join(inner)) or any(word in _NO_NOUNS for word in inner):
        return None
    if _no_head(inner[-1]) or len(words[-1]) < 3 or any(len(word) < 2 for word in words):
        return None
    if any(re.search("[a-z][A-Z]", word) for word in words) or (len(inner) == 1 and not _looks_like_a_word(words[0])):
        return None
    return " ".join(_singular(word) for word in inner)


def _no_head(word: str) -> bool:
    """Whether a phrase that ends in the word is no noun: adjectives, participles (`discarded`) and adverbs (`exactly`)."""
    return word in _NO_HEADS or (bool(_ENDINGS.fullmatch(word)) and word not in _NOUNS_SO_ENDING)


def _looks_like_a_word(word: str) -> bool:
    """Whether a word alone is no product of variables (`xyz`, `ABC`) and no symbol of a unit (`MVA`)."""
    if not word.isascii() or re.fullmatch("[A-Z]{2,}s", word):
        return True
    if word.isupper() and len(word) < 4:
        return False
    return bool(re.search("[aeiou]|.[aeiouy]", word.lower()) if len(word) > 3 else _SHORT.match(word.lower()))


def _is_han(word: str) -> bool:
    return any("\u3400" <= char <= "\u9fff" for char in word)


def _chinese_noun(text: str) -> str | None:
    text = text.replace(" ", "")
    if _TERMS.match(text):
        return None
    rest = next((text[length:] for length in (2, 1) if text[:length] in MEASURE_WORDS and len(text) > length), None)
    rest = rest and rest.removeprefix("不同的")
    if not rest or len(rest) > 8 or not all(_is_han(char) for char in rest) or any(char in _NO_NOUN_HAN for char in rest):
        return None
    return rest


def _singular(word: str) -> str:
    """One key for singular and plural: candy and candies are `candi`, leaf and leaves `leaf`, box and boxes `box`, but plan not `plane`."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("s") and len(word) > 3 and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    word = re.sub("(?<=[sxzovfih])e$", "", word) if len(word) > 3 else word
    return word[:-1] + {"y": "i", "v": "f"}.get(word[-1], word[-1])
