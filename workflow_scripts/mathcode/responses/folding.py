"""One character for what other characters also say, before any pattern looks at a response: －5, ﹣5 and ‑5 are -5.

The map is one to one, so every place in the folded text is the same place in the response. What would need more than one character is
left to the patterns (superscripts, roots) and to the judge, which folds an answer further (`grading/forms/characters.py`).
"""

import re
import unicodedata

_SPELLINGS = {
    "-": "﹣－‐‑‒➖",
    "+": "＋﹢➕",
    "=": "＝﹦",
    ">": "＞﹥",
    "<": "＜﹤",
    "≤": "≦⩽",
    "≥": "≧⩾",
    "/": "／∕",
    ":": "∶﹕",
    "*": "＊∗﹡",
    "×": "✕✖⨯",
    "·": "⋅∙‧・",
    "%": "％﹪",
    "$": "＄﹩",
    "|": "｜∣",
    "^": "＾",
    "_": "＿",
    "[": "［",
    "]": "］",
}
_ONE = {ord(char): plain for plain, chars in _SPELLINGS.items() for char in chars}
_ONE |= {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if chr(code).isalnum()}
_ONE |= {code: str(unicodedata.decimal(chr(code))) for code in range(0x80, 0x20000) if unicodedata.category(chr(code)) == "Nd"}
_ONE |= {code: " " for code in range(0x80, 0x3001) if unicodedata.category(chr(code)) == "Zs"}
_ODD = re.compile(r"[^\x00-\x7f]")
_BETWEEN = re.compile(r"(?<=[0-9])[．⁄](?=[0-9])")
"""What between two digits is a point or a stroke, and elsewhere something else."""
_DASH = re.compile(r"–(?<![^\W_一-鿿]–)(?<![)\]}%°]–)(?<![\d)\]}%°]\s–)(?<!\b[A-Za-z]\s–)(?=[$€£¥]?\.?\d)")
"""A dash that can only be a sign: nothing stands before it that it could be subtracted from, or that could begin a range."""


def fold(text: str) -> str:
    """The text with one spelling of signs, digits, letters and blanks; as long as the text."""
    if not _ODD.search(text):
        return text
    return _DASH.sub("-", _BETWEEN.sub(lambda found: "." if found[0] == "．" else "/", text.translate(_ONE)))
