"""Where an expression ends that begins at a place of a text: numbers, names, TeX macros, operators and brackets."""

import re

NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,]*\d)|\d+(?:\.\d+)?|\.\d+)"
CURRENCY = r"(?:US\s?)?(?:\\?\$|[€£¥￥₹]|Rs\.?)"
IN_GROUPS = (
    rf"(?:{CURRENCY}[ ]?|(?<![\d.,])(?<!\d[ ]))[1-9]\d{{0,2}}(?:[ \u00a0\u2009\u202f]\d{{3}}){{1,4}}(?:\.\d+)?(?![\d/]|[ ,.]\d|-[A-Za-z])"
)
"""A number whose digits stand in groups of three with blanks between them, perhaps of money."""
FRACTION = r"(?:\d{1,6}[ ]?)?[¼½¾⅐-⅞]"
"""A fraction of one character, perhaps behind a whole number: 3½."""
_GROUP = r"\{(?:[^{}\n]|\{[^{}\n]{0,40}\}){1,80}\}"
_DIVIDED = r"(?=\([^()\n]{0,29}\d)\([^()\n一-鿿]{1,30}\)/\([^()\n一-鿿]{1,30}\)"
QUOTIENT = (
    rf"(?:\d{{1,6}}[ ]?又?[ ]?)?\\[dtc]?frac\s?{_GROUP}\s?{_GROUP}"
    rf"|(?:\d{{1,6}}[ ]?又?)?(?:{_DIVIDED}|\({_DIVIDED}\))"
    r"|\d{1,6}(?:[ ]?又[ ]?|[ ])\d{1,6}/\d{1,6}(?![A-Za-z\d_/])"
)
"""A fraction that is not written as two bare numbers, perhaps behind a whole number: \\frac{2}{5}, (2)/(5), 1又1/2."""
RATIO = rf"{NUMBER}(?:(?:[ ]:[ ]|[:：])(?=\d){NUMBER}){{1,3}}(?![\d:])"
"""A ratio, or a time of day."""
TIME = (
    r"(?:(?:上午|下午|早上|晚上|中午|傍晚|凌晨)\s?\d{1,2}(?:[:：]\d{2}(?!\d)|[时点](?:半|\d{1,2}分)?)"
    r"|\d{1,2}(?:[:：]\d{2})?\s?[AaPp](?:\.\s?[Mm]|[Mm])(?![A-Za-z]))"
)
"""A time that names its half of the day."""
REMAINDER = re.compile(r"\s{0,3}(?:余|\.{3,6}|…{1,2}|(?:\\[lc]dots\s{0,3}){1,2}|[Rr]|remainder)\s{0,3}\d{1,9}(?![\d.]*\d)")
"""Behind a quotient, its remainder."""
_VOID = r"(?:rejected|extraneous|discarded|invalid|inadmissible|not (?:valid|possible|acceptable|allowed|a solution))(?![A-Za-z])"
_VOID_CHINESE = r"(?:不合题意|不符合?题意|不合要求|不符合要求|不成立|应?舍(?:[去弃掉]|(?![一-鿿])))"
REJECTED = re.compile(
    rf"[\s$]{{0,4}}[(（\[]\s?(?:which is |it is )?(?:{_VOID}|{_VOID_CHINESE})[^()（）\n]{{0,60}}[)）\]]"
    rf"|[\s$]{{0,4}}(?:[,，;；]\s{{0,3}})?{_VOID_CHINESE}(?:[,，]\s?应?舍[去弃掉]?)?"
    rf"|[\s$]{{0,4}}(?:[,;]\s{{0,3}}(?:(?:which|but it|but this|but that) (?:is|was) )?|(?<=\s)(?:is|was) ){_VOID}"
    r"(?=\s{0,3}(?:[.,;)$]|\Z|since|because|as\b))"
)
"""What says of the value before it that it is none of the answer: x = -3 (rejected), x=-3（舍去）."""
MACRO_TEXT = re.compile(r"\\(?:text|mathrm|mbox|textbf|textit|mathbf|operatorname)\s*\{[^{}]{0,200}\}")
MACRO_WORDS = re.compile(r"\\(?:text|textrm|mathrm|mbox)\s*\{([^{}]{0,200})\}")
TYPE = r"(?:[\s({（\[$*]|\\(?:text|textbf|textrm|textit|mathrm|mathbf|mathit|mathsf|rm|bf|bold)(?![A-Za-z])){0,8}"
"""What may stand before the letter of a choice: brackets, emphasis, TeX type."""
LAYOUT = re.compile(
    r"\\(?:end|qed[a-z]*|blacksquare|square|Box|[hv]fill|hrule|hline|newpage|clearpage|pagebreak|newline|linebreak|noindent|centering|par|"
    r"(?:big|med|small)skip)(?![A-Za-z])"
)
"""A TeX macro that sets a page, ends a proof or closes an environment: part of no value."""
FUNCTION = r"(?:sin|cos|tan|cot|sec|csc|log|ln|sqrt|exp)"
_FACTORIAL = r"(?:!(?![\s*_]|$)|!(?=[ ](?:[-+*/×÷·=<>≤≥]|\\(?:times|cdot|div)(?![A-Za-z]))[ ]?[\d(]))"
"""Behind a number; before a blank the sign ends a sentence, unless arithmetic goes on."""
RECURRING = r"\d{1,30}\.\d{0,20}\(\d{1,9}\)"
"""A decimal that goes on: 0.(3)."""
_ATOM = re.compile(
    rf"{IN_GROUPS}|{FRACTION}"
    rf"|(?:{CURRENCY}[ ]?)?(?:{RECURRING}|{NUMBER})(?:[eE][-+]?\d{{1,3}}(?![A-Za-z\d]))?"
    rf"(?:[ ]?(?:\\?%|％|°|º|′|″|[€£¥￥‰](?!\d)))?{_FACTORIAL}?"
    rf"|{FUNCTION}(?![A-Za-z])(?:[ ](?=[\d(πxyαθ]))?|(?:pi|oo|inf|infinity)(?![A-Za-z])|"
    r"[A-Za-z](?![A-Za-z'’]|"
    rf"\.[A-Za-z])|[₀-₉]|[⁰ⁱ-ⁿ¹²³]+|[πθα-ω∞√∅ℝ]|(?!{LAYOUT.pattern})\\[A-Za-z]+\*?|\\[{{}}|%$,;! ]"
)
_OPERATOR = re.compile(
    r"[ \t]*(?:\*\*|<=|>=|!=|==|->|\\(?:times|cdot|div|pm|mp|leq?|geq?|neq?|in|to|cup|cap|approx|equiv|sim|pmod|bmod|mid)(?![A-Za-z])|"
    r"[-+−–*/^×÷·=<>≤≥≠±∓:_∪∩≈∈|]|：(?=\d)|[xX](?=[ \t]?[$(]?\d)|(?:times|plus|minus|divided by|multiplied by)(?=[ \t][$(]?\d))"
    r"[ \t]*(?!\s|$)"
)
TIMES = re.compile(r"(?<=[\d)%])[ \t]?(?:[xX]|times|plus|minus|divided by|multiplied by)[ \t]?(?=[$(]?\d)")
"""Letters between two numbers that stand for an operator."""
_ENVIRONMENT = re.compile(r"\\begin\s?\{([a-zA-Z]?matrix|array|cases|smallmatrix)\}.{0,400}?\\end\s?\{\1\}", re.DOTALL)
_SIGN = re.compile(r"[-−](?:[ ](?=[\d.$\\(√]))?|[+±√∛∜]")
_OPENING_SIGN = re.compile(r"[-+−±√∛∜]")
_MIXED = re.compile(r"[ ](?=[π√∛∜]|sqrt\()|\s\d{1,6}/\d{1,6}(?![A-Za-z\d_/])|又(?:\d{1,6}/\d{1,6}(?![A-Za-z\d_/])|(?=\\[dt]?frac\b))")


def expression(rest: str, start: int) -> int:
    """Where the run of numbers, names, operators and brackets that begins at a place ends."""
    position, after_operator = start, True
    while position < len(rest):
        if environment := _ENVIRONMENT.match(rest, position):
            position, after_operator = environment.end(), False
        elif rest[position] in "([{（" or rest.startswith(("\\{", "\\left"), position):
            end = _bracket(rest, position)
            if (
                end is None
                or REJECTED.match(rest, position)
                or re.search(r"[A-Za-z]{3,}\s+[A-Za-z]{2,}", MACRO_TEXT.sub("", rest[position:end]))
            ):
                break
            position, after_operator = end, False
        elif after_operator and (sign := (_SIGN if position > start else _OPENING_SIGN).match(rest, position)):
            position = sign.end()
        elif (atom := _ATOM.match(rest, position)) and atom.end() > position:
            position, after_operator = atom.end(), False
            position = _arguments(rest, position) if atom.group().startswith("\\") else position
        elif not after_operator and (operator := _OPERATOR.match(rest, position)) and _continues(rest, operator.end()):
            position, after_operator = operator.end(), True
        elif not after_operator and (mixed := _MIXED.match(rest, position)):
            position, after_operator = mixed.end(), mixed.group() in ("又", " ")
        elif not after_operator and rest[position] == "'":
            position += 1
        else:
            break
    return position


def _continues(rest: str, position: int) -> bool:
    """Whether an expression goes on behind an operator."""
    if LAYOUT.match(rest, position):
        return False
    return rest[position] in "([{-+−±√∛∜" or bool(_ATOM.match(rest, position)) or rest.startswith("\\", position)


def _arguments(rest: str, position: int) -> int:
    while position < len(rest) and rest[position] in "{[" and (end := _bracket(rest, position)) is not None:
        position = end
    return position


def _bracket(rest: str, start: int) -> int | None:
    """Behind the bracket that closes the one at a place; open and closed ends of intervals may be mixed."""
    depth = 0
    for position in range(start, min(len(rest), start + 300)):
        if rest[position] in "([{（":
            depth += 1
        elif rest[position] in ")]}）":
            depth -= 1
            if depth == 0:
                return position + 1
        elif rest[position] == "\n" and depth <= 0:
            return None
    return None
