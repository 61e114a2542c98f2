"""Words that turn a number: what denies it, compares it or goes on computing. They are no nouns behind it and no names before it."""

import re

_DENYING = """
not no never none neither nor nope cannot without except excluding excluded false untrue fake wrong wrongly incorrect incorrectly mistaken
invalid rejected extraneous discarded impossible undefined undetermined unequal nothing nan null maybe perhaps possibly doubtful unlikely
guess
"""
_COMPARING = """
than about above below under over beyond exceeding exceeds around approx approximate approximately roughly nearly almost hardly barely until
"""
_OPERATING = "minus plus divided multiplied double triple twice thrice negative opposite reciprocal inverse derivative"
COMPUTING = """
half halves squared cubed cubic sqrt cbrt log ln lg exp sin cos tan cot sec csc sinh cosh tanh arcsin arccos arctan
"""
"""What a number of that name has gone through: `half: 5` says 10 of what it halves."""
_ENGLISH = re.compile(
    rf"\b(?:{'|'.join((_DENYING + _COMPARING).split())}|at (?:least|most)|up to|or (?:more|less|fewer)|\w+n['’]t)\b"
    rf"|\b(?:{'|'.join((_OPERATING + COMPUTING).split())})(?: (?:by|of))?$",
    re.IGNORECASE,
)
_CHINESE = re.compile(
    "不(?!等式)|[非没否]|未(?!知)|无(?![理限穷])|错误|错的|舍[去弃]|增根|排除|[大小多少高低]于|超[过出]|至[少多]|以[上下内外]|^多(?:$|[个只本条元])|大约|约[等为]|^约$"
    "|(?:[加减乘除][上去以掉]?|负|半|去|倒数|相反数|绝对值|平方根?|立方根?|对数)$"
)
"""An operation turns what stands right behind it: 减 does, 减数 is a name."""


def turns(words: str) -> bool:
    """Whether words, before or behind a number, say another thing of it than what it counts or is called."""
    return bool(_ENGLISH.search(words) or _CHINESE.search(words))
