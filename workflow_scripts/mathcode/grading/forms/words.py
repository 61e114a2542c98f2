"""Words and phrases, and the letters of options. A word is no product of variables, and a letter within a phrase is no option."""

import re

from mathcode.grading.forms.tokens import Token

_TEXT = re.compile(r"\\(?:text(?:rm|bf|it|normal)?|mathrm|mathbf|mbox|operatorname)\s*\{([^{}]*)\}")
_MATHEMATICS = re.compile(r"[\\^_=+*<>|{}]")
_LETTERS = re.compile(r"[^\W\d_]{3,}|[\u3400-\u9fff]")
_ARTICLE = re.compile(r"(?:an?|An|[Tt]he)\s+(?=[^\W\d_]{3})")
"""An article before a word; the capital `A` may be a name."""
_NO_SOLUTION = re.compile(r"(?:there (?:is|are) )?no solutions?|(?:方程|方程组|不等式)?无解")
_SMALL_TEXT = "no ok hi us me if is it he we so go up on in at to by do am my"
_SMALL = frozenset(_SMALL_TEXT.split())
_OPTION = re.compile(
    r"(?:(?:the\s+)?(?:correct\s+)?(?:choice|option|answer|alternative)\s*(?:is\s*)?:?\s*|(?:正确)?(?:选项|选择|答案)[是为]?:?|(?:[应故]|本题)?选|第(?=[A-Za-z]项))?\s*"
    r"(?P<open>[(\[{]?)\s*(?P<letter>[A-Za-z])\s*(?P<close>[)\]}]|[.:](?=\s|$|\\|[\u3400-\u9fff]|(?<=(?-i:[A-H]).)-?\d)|、|)\s*(?P<rest>.*)",
    re.DOTALL | re.IGNORECASE,
)
_PREFIX = re.compile(r"(?:(?:the\s+)?(?:correct\s+)?(?:choice|option|answer|alternative)|(?:[应故]|本题)?选|(?:正确)?答案)", re.IGNORECASE)
_GOES_ON = re.compile(r"[*/^_!+=<>]|-\s")
"""What goes on with an expression whose first letter stands in brackets."""
_ANOTHER = re.compile(r"[(\[]\s*[A-Z]\s*[)\]]|(?:^|\s)[A-Z]\s*[.:)](?:\s|$)|^(?:or|and|或|和)\b", re.IGNORECASE)


_DENIED = re.compile(
    r"\W*(?:(?:is|was|are|seems|must be)\s+(?:\w+ly\s+)?(?:not|false|impossible|wrong|incorrect)\b.*|"
    r"(?:cannot|can't|can’t|isn't|isn’t|not (?:the )?(?:correct|right|true|answer|one))\b.*|wrong|incorrect|"
    r"(?:选?项)?(?:是|说法)?(?:不对|错误?|错误?的|不正确|不正确的|不是答案|不成立))\W*",
    re.IGNORECASE | re.DOTALL,
)
"""What says of an option that it is not the one."""
_CONFIRMED = re.compile(
    r"\s*(?:选?项)?(?:(?:说法)?是?(?:正确|对)的?)?|\s*only"
    r"|\s*(?:is|seems)(?: the)? (?:(?:correct|right|true)(?: (?:answer|choice|option|one))?|answer)\s*",
    re.IGNORECASE,
)
"""What says of an option that it is one, or the right one."""


def bare(text: str) -> str:
    """A text without its text macros, white space as one blank."""
    for _ in range(3):
        text, count = _TEXT.subn(r"\1", text)
        if not count:
            break
    return " ".join(text.replace("~", " ").split())


def phrase(text: str) -> str | None:
    """The key of words and phrases: letter case aside; None if signs of mathematics are among them."""
    text = bare(text).strip("\"'").strip()
    while text[:1] in "({[" and text[-1:] in ")}]" and text[1:-1].strip() and not re.search(r"[(){}\[\]]", text[1:-1]):
        text = text[1:-1].strip()
    if not text or _MATHEMATICS.search(text):
        return None
    if not (_LETTERS.search(text) or text.casefold() in _SMALL):
        return None
    if re.fullmatch("[A-Z]{2}", text):
        return text
    key = (text[match.end() :] if (match := _ARTICLE.match(text)) else text).casefold()
    return "no solution" if _NO_SOLUTION.fullmatch(key) else key


def option(text: str) -> tuple[str, str, bool] | None:
    """The letter of an option, the text behind it, and whether it is set off as one: `(B) 12`, `B.`, `choice (C)`; else None."""
    text = bare(text)
    match = _OPTION.fullmatch(text) if len(text) < 500 else None
    if not match:
        return None
    pairs = {"(": ")", "[": "]", "{": "}"}
    if match["close"] != pairs.get(match["open"], match["close"]) or (not match["open"] and match["close"] in ("]", "}")):
        return None
    confirmed = bool(match["rest"] and _CONFIRMED.fullmatch(match["rest"]))
    marked = bool(match["close"]) or confirmed
    rest = match["rest"].lstrip(": ").rstrip() if not confirmed else ""
    if rest and not match["close"]:
        return None
    if rest and (_ANOTHER.search(rest) or _DENIED.fullmatch(rest) or re.fullmatch("[A-Z]", rest) or (match["open"] and _is_factor(match))):
        return None
    letter = match["letter"]
    marked = marked or (bool(_PREFIX.match(text)) and len(text) > 1)
    return letter.upper() if marked or letter.upper() in "ABCDE" else letter, rest, marked


def _is_factor(match: re.Match) -> bool:
    """Whether a letter in brackets begins an expression: `(x)(x+1)`, `(n)!`, `(a) - 1`."""
    return bool(_GOES_ON.match(match["rest"])) or (match["rest"][0] in "([" and match["letter"] not in "ABCDE")


def circled(tokens: list[Token]) -> list[str] | None:
    """The circled numbers that all tokens are, or several in brackets, each above the one before: names of statements."""
    written = "".join(token.value for token in tokens) if tokens[-1].value == ")" else ""
    if re.fullmatch(r"(?:\([1-9]\)){2,9}", written) and sorted(set(written[1::3])) == [*written[1::3]]:
        return [f"({digit})" for digit in written[1::3]]
    marks = []
    for token in tokens:
        if token.kind == "mark" and token.value.startswith("textcircled "):
            marks.append(f"({token.value[12:]})")
        elif token.kind == "op" and "①" <= token.value <= "⑳":
            marks.append(f"({ord(token.value) - ord('①') + 1})")
        else:
            return None
    return marks


def raw(tokens: list[Token]) -> tuple:
    """What is left of a text that was not understood: its tokens, white space aside."""
    kept = []
    for at, token in enumerate(tokens):
        alone = (token.value == "{" and tokens[at + 2 : at + 3] and tokens[at + 2].value == "}") or (
            token.value == "}" and at > 1 and tokens[at - 2].value == "{"
        )
        if token.kind != "op" or not alone:  # braces around one token say nothing
            kept.append((token.kind, " ".join(token.value.split())))
    return tuple(kept)
