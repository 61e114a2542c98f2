r"""Algebra as people and programs write it, to a tree: a complete recursive descent over tokens that refuses what it does not know.

The trees are described in `trees`; symbols and functions with what is attached to them are read in `applied`.
Whoever reads on (units, relations, lists) continues where `Parser.place` stands.
"""

from fractions import Fraction

from mathcode.grading.forms.applied import Applied
from mathcode.grading.forms.names import CONSTANTS, FUNCTIONS, LETTERS
from mathcode.grading.forms.tokens import Token
from mathcode.grading.forms.trees import NotAlgebra, letters_of, numeral, product
from mathcode.grading.forms.units import unit

MAX_DEPTH = 30
"""Brackets within brackets; nobody writes more."""
_TIMES = {("op", "*"), ("cmd", "cdot"), ("cmd", "times"), ("cmd", "ast")}
_OVER = {("op", "/"), ("cmd", "div")}
_NAMES = {*CONSTANTS, *FUNCTIONS, *LETTERS}
_CLOSES = {"(": ")", "[": "]"}


class Parser(Applied):
    """Reads trees from tokens; `place` is the next token."""

    def __init__(self, tokens: list[Token], place: int = 0):
        self.tokens = list(tokens)
        self.place = place
        self.depth = 0
        self.bars = 0
        self.powers = 0

    def peek(self, ahead: int = 0) -> Token:
        place = self.place + ahead
        return self.tokens[place] if place < len(self.tokens) else Token("end of text", "")

    def take(self, kind: str, value: str) -> bool:
        """Whether the next token is this one, which is then read."""
        token = self.peek()
        found = token.kind == kind and token.value == value
        self.place += found
        return found

    def need(self, kind: str, value: str) -> None:
        if not self.take(kind, value):
            raise NotAlgebra(f"{value} expected")

    def sum(self) -> tuple:
        """Terms with their signs.

        Raises:
            NotAlgebra: something that is no algebra stands where a term must.
        """
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise NotAlgebra("too deep")
        terms = [self.term()]
        while (sign := self.peek()).kind == "op" and sign.value in "+-" and not self._ends_here(1):
            self.place += 1
            term = self.term()
            terms.append(("-", term) if sign.value == "-" else term)
        self.depth -= 1
        return terms[0] if len(terms) == 1 else ("+", tuple(terms))

    def _ends_here(self, ahead: int) -> bool:
        return self.place + ahead >= len(self.tokens)

    def term(self) -> tuple:
        """Factors, with and without signs between them, from left to right."""
        value = self.signed()
        factors = [value]
        while True:
            token = self.peek()
            if token[:2] in _TIMES or self._cross(token):
                self.place += 1
                factors.append(self.signed())
            elif token[:2] in _OVER:
                self.place += 1
                below = self.signed()
                factors = [("/", product(factors), below)]
            elif self.starts_factor(factors[-1]):
                factors.append(self.power())
            else:
                return product(factors)

    def _cross(self, token: Token) -> bool:
        """Whether an `x` is a times sign: between a number and a power of ten, `1.23 x 10^-4`, or alone between two numbers, `2 x 7`."""
        if token.kind != "word" or token.value not in ("x", "X") or not self.place:
            return False
        before = self.tokens[self.place - 1]
        if token.spaced and self.peek(1).kind == "num" and self.peek(1).spaced and (before.kind == "num" or before.value == ")"):
            return True
        if before.kind != "num":
            return False
        return (
            self.peek(1)[:2] == ("num", "10") and self.peek(2)[:2] in (("op", "^"), ("op", "**")) and (token.spaced == self.peek(1).spaced)
        )

    def signed(self) -> tuple:
        """A power with signs before it."""
        negative = False
        count = 0
        while (token := self.peek()).kind == "op" and token.value in "+-":
            negative ^= token.value == "-"
            self.place += 1
            count += 1
            if count > 1:
                raise NotAlgebra("signs in a row")
        value = self.power()
        return ("-", value) if negative else value

    def starts_factor(self, before: tuple) -> bool:
        """Whether the next token goes on with a product without a sign."""
        token = self.peek()
        if token.kind == "num":
            return self.peek(1)[:2] in (("op", "^"), ("op", "**")) and before[0] != "n" and self._is_before_a_power()
        if token.kind == "op":
            return (
                token.value == "("
                or (token.value == "[" and before[0] != "n")
                or (token.value == "|" and not self.bars)
                or token.value == "{"
            )
        if token.kind == "cmd":
            return token.value in LETTERS or token.value in FUNCTIONS or token.value in ("frac", "sqrt", "binom", "lfloor", "lceil")
        if token.kind == "word":
            return letters_of(token.value) is not None
        return token.kind in ("mark", "call") or (_is_letter(token) and (self.peek(1)[:2] == ("op", "_") or not _is_unit(token)))

    def _is_before_a_power(self) -> bool:
        """Whether a power of a number can follow without a sign: `(n-1)2^n`, `n2^n`, `3^{n}2^{n}`; behind `(2)` it is an item."""
        before = self.tokens[self.place - 1]
        if before.value == ")":
            return self.place < 3 or self.tokens[self.place - 2].kind != "num" or self.tokens[self.place - 3].value != "("
        if before.kind == "word" and not self.peek().spaced:
            return "_" not in before.value and self.peek(2).kind != "num"
        return before.kind != "num" and (self.peek().spaced or before.kind == "cmd" or before.value in ("}", "]", "|"))

    def power(self) -> tuple:
        """A factor with what stands behind it: factorials, exponents."""
        value = self.factor()
        while True:
            if self.take("op", "!"):
                value = ("f", "factorial2" if self.take("op", "!") else "factorial", (value,))
            elif self.depth > 1 and self.take("op", "%"):
                value = ("/", value, ("n", Fraction(100), None))
            elif self.peek()[:2] in (("op", "^"), ("op", "**")):
                if self._degrees():
                    return value
                self.place += 1
                return ("^", value, self.exponent())
            else:
                return value

    def _degrees(self) -> bool:
        """Whether a degree sign comes: it ends the algebra, and is a unit."""
        ahead = [self.peek(at)[:2] for at in range(1, 4)]
        return ahead[0] == ("cmd", "circ") or ahead == [("op", "{"), ("cmd", "circ"), ("op", "}")]

    def exponent(self) -> tuple:
        """What stands behind `^`: a group, or one factor with its sign; exponents bind from the right."""
        self.powers += 1
        if self.powers > MAX_DEPTH:
            raise NotAlgebra("too deep")
        value = self._exponent()
        self.powers -= 1
        return value

    def _exponent(self) -> tuple:
        if self.take("op", "{"):
            value = self.sum()
            self.need("op", "}")
        elif self.peek().kind == "op" and self.peek().value in "+-":
            negative = self.take("op", "-") or not self.take("op", "+")
            if self.peek().value in ("+", "-"):
                raise NotAlgebra("signs in a row")
            value = self.exponent()
            return ("-", value) if negative else value
        elif (token := self.peek()).kind == "word" and len(token.value) > 1 and token.value.isalpha() and token.value not in _NAMES:
            return self._argument()
        else:
            value = self.factor()
        if self.peek()[:2] in (("op", "^"), ("op", "**")):
            self.place += 1
            return ("^", value, self.exponent())
        if self.take("op", "!"):
            return ("f", "factorial", (value,))
        return value

    def factor(self) -> tuple:
        """A numeral, symbol, group, fraction, root, or function with its argument."""
        token = self.peek()
        self.place += 1
        if token.kind == "num":
            return self._numeral(token)
        if token.kind == "op":
            return self._bracketed(token.value)
        if token.kind == "cmd":
            return self._macro(token.value)
        if token.kind == "word":
            return self._word(token.value)
        if token.kind == "mark" or _is_letter(token):
            return self._symbol(token.value.strip())
        if token.kind == "call":
            return self._call(token.value.rsplit(".", 1)[-1])
        raise NotAlgebra(token.value)

    def _numeral(self, token: Token) -> tuple:
        """A numeral, with the fraction behind it if it is a mixed number."""
        value = numeral(token.value)
        following = self.peek()
        if following[:2] == ("cmd", "frac") and value[2] is None:
            self.place += 1
            return self._mixed(value, self._fraction())
        if following.kind == "num":
            if not (following.spaced and value[2] is None and self.peek(1)[:2] == ("op", "/") and self.peek(2).kind == "num"):
                raise NotAlgebra("two numbers in a row")
            above, below = numeral(following.value), numeral(self.peek(2).value)
            if above[2] or below[2] or not 0 < above[1] < below[1] or self.peek(1).spaced != self.peek(2).spaced:
                raise NotAlgebra("no mixed number")
            self.place += 3
            return ("n", value[1] + above[1] / below[1], None)
        if following[:2] == ("op", "_"):
            raise NotAlgebra("a base")
        return value

    def _mixed(self, whole: tuple, fraction: tuple) -> tuple:
        r"""An integer with `\frac` on its heels: a mixed number if that is of two integers, else a product."""
        above, below = fraction[1:3] if fraction[0] == "/" else (fraction, fraction)
        if above[0] == below[0] == "n" and above[2] is below[2] is None and below[1]:
            return ("n", whole[1] + above[1] / below[1], None)
        if self.peek()[:2] in (("op", "^"), ("op", "**"), ("op", "!")):
            raise NotAlgebra("a power of a fraction")
        return ("*", (whole, fraction))

    def _argument(self) -> tuple:
        r"""An argument of a macro: a group, or a single digit or letter (`\frac12`)."""
        if self.take("op", "{"):
            value = self.sum()
            self.need("op", "}")
            return value
        token = self.peek()
        if token.kind == "num" and token.value.isdigit():
            if len(token.value) > 1:
                self.tokens[self.place] = Token("num", token.value[1:])
            else:
                self.place += 1
            return ("n", Fraction(int(token.value[0])), None)
        if token.kind == "word" and len(token.value) > 1 and token.value.isalpha():
            self.tokens[self.place] = Token("word", token.value[1:])
            return self._symbol(token.value[0], bare=True)
        if token.kind == "op":
            raise NotAlgebra(token.value)
        return self.factor()

    def _bracketed(self, sign: str) -> tuple:
        """A group, or an absolute value."""
        if sign in _CLOSES or sign == "{":
            bars, self.bars = self.bars, 0
            value = self.sum()
            if sign == "[" and value[0] not in "+*/^":
                raise NotAlgebra("[x] may be the integer below x")
            if sign == "{" and self.peek()[:2] in (("cmd", "choose"), ("cmd", "over")):
                over = self.take("cmd", "over") or not self.take("cmd", "choose")
                value = ("/", value, self.sum()) if over else ("f", "binomial", (value, self.sum()))
            self.bars = bars
            self.need("op", _CLOSES.get(sign, "}"))
            return value
        if sign == "|" and self.bars < 2:
            self.bars += 1
            value = self.sum()
            self.bars -= 1
            self.need("op", "|")
            return ("f", "abs", (value,))
        raise NotAlgebra(sign)

    def _macro(self, name: str) -> tuple:
        if name == "frac":
            return self._fraction()
        if name == "sqrt":
            return self._root()
        if name == "binom":
            return ("f", "binomial", (self._argument(), self._argument()))
        if name in ("lfloor", "lceil"):
            value = self.sum()
            self.need("cmd", "r" + name[1:])
            return ("f", "floor" if name == "lfloor" else "ceil", (value,))
        if name in FUNCTIONS:
            return self._function(FUNCTIONS[name])
        if name == "partial":
            token = self.peek()
            if token.kind not in ("word", "cmd") or (len(token.value) != 1 and token.value not in LETTERS):
                raise NotAlgebra(name)
            self.place += 1
            return self._symbol(f"partial {token.value}", bare=True)
        if name in LETTERS and name not in ("emptyset", "prime"):
            return self._symbol(CONSTANTS.get(name, name))
        raise NotAlgebra(name)

    def _fraction(self) -> tuple:
        r"""`\frac`. Of differentials, `\frac{dy}{dx}`, the `d` is part of the symbol."""
        ahead = [self.peek(at)[:2] for at in range(2)]
        start = self.place
        above = self._argument()
        differential = ahead[0] == ("op", "{") and ahead[1][0] == "word" and ahead[1][1][0] == "d"
        next_ = [self.peek(at)[:2] for at in range(3)]
        if differential and next_[0] == ("op", "{") and next_[1][0] == "word" and next_[1][1][0] == "d" and next_[1][1] != "d_1":
            inner = ["".join(token.value for token in self.tokens[start : self.place]), ""]
            begin = self.place
            self._argument()
            inner[1] = "".join(token.value for token in self.tokens[begin : self.place])
            return ("s", "/".join(inner))
        return ("/", above, self._argument())

    def _root(self) -> tuple:
        index = None
        if self.take("op", "["):
            index = self.sum()
            self.need("op", "]")
        radicand = self._whole_argument()
        return ("f", "sqrt", (radicand,)) if index is None else ("f", "root", (radicand, index))

    def _whole_argument(self) -> tuple:
        r"""The argument of a root: unbraced, a whole numeral (`\sqrt[3]27`) or one letter."""
        return self.factor() if self.peek().kind == "num" else self._argument() if self.peek()[:2] != ("op", "(") else self.factor()

    def _word(self, value: str) -> tuple:
        """A function, a constant, or letters that are factors."""
        if value in FUNCTIONS:
            return self._function(FUNCTIONS[value])
        names = letters_of(value)
        if names is None:
            raise NotAlgebra(value)
        if len(names) == 1:
            return self._symbol(names[0])
        symbols = [("s", name) for name in names[:-1]]
        last = self._symbol(names[-1])
        if self.peek()[:2] in (("op", "^"), ("op", "**")) and not self._degrees():
            self.place += 1
            last = ("^", last, self.exponent())
        return ("*", (*symbols, last))


def _is_letter(token: Token) -> bool:
    """Whether a token is one upright letter, which is a symbol where a factor must stand."""
    letter = token.value.strip()
    return token.kind == "text" and len(letter) == 1 and letter.isalpha() and letter.isascii()


def _is_unit(token: Token) -> bool:
    return unit(token.value.strip(), strict=False) is not None
