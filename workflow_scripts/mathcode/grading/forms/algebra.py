r"""Algebra as people and programs write it, to a tree: a complete recursive descent over tokens that refuses what it does not know.

A tree is a tuple:

    ("n", value, shape)   a numeral: Fraction, and None for an integer, else (significant digits, decimals, scientific)
    ("s", name)           a symbol; `pi`, `e`, `i`, `oo` are the constants
    ("+", terms) ("*", factors)       tuples of trees
    ("-", tree) ("/", above, below) ("^", base, exponent)
    ("f", name, arguments)            a function of `names.FUNCTIONS`, or one we know nothing of, as `f'`

Whoever reads on (units, relations, lists) continues where `Parser.place` stands.
"""

from fractions import Fraction

from mathcode.grading.forms.names import CONSTANTS, FUNCTIONS, LETTERS, OPAQUE, RATIONALS, WRAPPERS
from mathcode.grading.forms.tokens import Token

MAX_DEPTH = 30
"""Brackets within brackets; nobody writes more."""
MAX_DIGITS = 1000
"""Digits of a numeral."""
MAX_SCALE = 5000
"""Powers of ten in scientific notation."""

ONE = ("n", Fraction(1), None)
_PLUS, _MINUS = {"+"}, {"-"}
_TIMES = {("op", "*"), ("cmd", "cdot"), ("cmd", "times"), ("cmd", "ast")}
_OVER = {("op", "/"), ("cmd", "div")}
_CLOSES = {"(": ")", "[": "]"}
_SHORT_WORDS = frozenset(
    "am an as at be by do go he if in is it me my no of oh on or so to up us we ok hi and not the all for are but can has had was you one two six"
    " ten any yes odd few per min max due".split()
)
"""Runs of letters that are English words, not products of variables."""


class NotAlgebra(ValueError):
    """The tokens are not algebra that this parser knows."""


class Parser:
    """Reads trees from tokens; `place` is the next token."""

    def __init__(self, tokens: list[Token], place: int = 0):
        self.tokens = list(tokens)
        self.place = place
        self.depth = 0
        self.bars = 0

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
                factors = [("/", _product(factors), below)]
            elif self.starts_factor(factors[-1]):
                factors.append(self.power())
            else:
                return _product(factors)

    def _cross(self, token: Token) -> bool:
        """Whether an `x` between a number and a power of ten is a times sign: `1.23 x 10^-4`."""
        if token.kind != "word" or token.value not in ("x", "X") or not self.place or self.tokens[self.place - 1].kind != "num":
            return False
        return self.peek(1)[:2] == ("num", "10") and self.peek(2)[:2] in (("op", "^"), ("op", "**")) and (token.spaced == self.peek(1).spaced)

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
            return token.spaced and self.peek(1)[:2] == ("op", "^") and before[0] != "n" and self.tokens[self.place - 1].kind != "num"
        if token.kind == "op":
            return token.value == "(" or (token.value == "[" and before[0] != "n") or (token.value == "|" and not self.bars) or token.value == "{"
        if token.kind == "cmd":
            return token.value in LETTERS or token.value in FUNCTIONS or token.value in ("frac", "sqrt", "binom", "lfloor", "lceil")
        if token.kind == "word":
            return letters_of(token.value) is not None
        return token.kind in ("mark", "call")

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
        if self.take("op", "{"):
            value = self.sum()
            self.need("op", "}")
        elif self.peek().kind == "op" and self.peek().value in "+-":
            return self.signed()
        elif self.peek().kind == "num" and (not self.peek().value.isdigit() or len(self.peek().value) > 30):
            value = self.factor()
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
        if token.kind == "mark":
            return self._symbol(token.value)
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
            if token.kind not in ("word", "cmd") or len(token.value) != 1 and token.value not in LETTERS:
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
            inner = ["".join(token.value for token in self.tokens[start:self.place]), ""]
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

    def _symbol(self, name: str, bare: bool = False) -> tuple:
        """A symbol with its index and primes; a letter of a function with its argument."""
        if not bare and self.take("op", "_"):
            name += "_" + self._index()
        primes = 0
        while self.take("op", "'"):
            primes += 1
        if self.peek()[:2] in (("op", "^"),) and self.peek(1)[:2] in (("cmd", "prime"), ("op", "'")):
            self.place += 2
            primes += 1
        elif [self.peek(at)[:2] for at in range(2)] == [("op", "^"), ("op", "{")] and self.peek(2)[:2] in (("cmd", "prime"), ("op", "'")):
            self.place += 2
            while self.peek()[:2] in (("cmd", "prime"), ("op", "'")):
                primes += 1
                self.place += 1
            self.need("op", "}")
        if primes:
            name += "'" * primes
        if self.peek()[:2] == ("op", "(") and not self.peek().spaced and self._is_function(name):
            return ("f", name, self._arguments())
        return ("s", name)

    def _is_function(self, name: str) -> bool:
        """Whether a letter before a bracket is the name of a function."""
        letter = name.rstrip("'")
        single = self.peek(1).kind in ("num", "word", "cmd") and self.peek(2)[:2] == ("op", ")")
        return letter in ("f", "g") or (letter in OPAQUE and (single or letter != name)) or (letter != name and len(letter) == 1 and single)

    def _index(self) -> str:
        """What stands behind `_`, as text."""
        if not self.take("op", "{"):
            token = self.peek()
            if token.kind not in ("num", "word", "cmd", "text", "mark"):
                raise NotAlgebra("no index")
            if token.kind in ("num", "word") and len(token.value) > 1 and token.value.isalnum():
                self.tokens[self.place] = Token(token.kind, token.value[1:])
                return token.value[0]
            self.place += 1
            return token.value.strip()
        start = self.place
        while not self.take("op", "}"):
            if self._ends_here(0) or self.peek()[:2] == ("op", "{"):
                raise NotAlgebra("an index without end")
            self.place += 1
        return "".join(token.value.strip() for token in self.tokens[start : self.place - 1])

    def _arguments(self) -> tuple:
        """The trees between round brackets."""
        self.need("op", "(")
        bars, self.bars = self.bars, 0
        found = [self.sum()]
        while self.take("op", ","):
            found.append(self.sum())
        self.need("op", ")")
        self.bars = bars
        return tuple(found)

    def _function(self, name: str) -> tuple:
        r"""A function with its power, base and argument: `\sin^2 x`, `\log_2 8`, `\ln(x)`, `\sin 2x`."""
        power = base = None
        while True:
            if name in ("log", "lg") and base is None and self.take("op", "_"):
                base = self._argument()
            elif power is None and self.peek()[:2] in (("op", "^"), ("op", "**")):
                self.place += 1
                power = self._argument() if self.peek()[:2] != ("op", "-") else self.signed()
            else:
                break
        if self.peek()[:2] == ("op", "("):
            arguments = self._arguments()
        elif self.peek()[:2] == ("op", "{") and name not in ("sqrt",):
            arguments = (self._argument(),)
        else:
            arguments = (self._open_argument(),)
        arguments = self._in_degrees(name, arguments)
        if base is not None:
            value = ("f", "log", (*arguments, base))
        elif name == "lg":
            value = ("f", "log", (*arguments, ("n", Fraction(10), None)))
        elif power is not None and power == ("-", ONE) and name in ("sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh"):
            return ("f", "a" + name, arguments)
        else:
            value = ("f", name, arguments)
        return ("^", value, power) if power is not None else value

    def _open_argument(self) -> tuple:
        """An argument without brackets: factors up to the next sign or function."""
        if self.peek().kind == "op" and self.peek().value == "-":
            self.place += 1
            return ("-", self._open_argument())
        factors = [self.power()]
        while self.starts_factor(factors[-1]) and not self._function_next() and self.peek()[:2] != ("op", "("):
            factors.append(self.power())
        return _product(factors)

    def _function_next(self) -> bool:
        token = self.peek()
        return token.kind in ("word", "cmd", "call") and token.value.rsplit(".", 1)[-1] in FUNCTIONS

    def _in_degrees(self, name: str, arguments: tuple) -> tuple:
        """Within a function a degree sign counts."""
        if not (self.peek()[:2] == ("op", "^") and self._degrees()):
            return arguments
        self.place += 2 if self.peek(1)[:2] == ("cmd", "circ") else 4
        return (("/", ("*", (arguments[0], ("s", "pi"))), ("n", Fraction(180), None)),)

    def _call(self, name: str) -> tuple:
        """What a program prints as a call of a number."""
        if name in WRAPPERS:
            return self._wrapped()
        arguments = self._arguments()
        if name in RATIONALS and len(arguments) <= 2:
            return arguments[0] if len(arguments) == 1 else ("/", *arguments)
        if name in ("log2", "log10") and len(arguments) == 1:
            return ("f", "log", (arguments[0], ("n", Fraction(name[3:]), None)))
        if name == "root" and len(arguments) == 2:
            return ("f", "root", arguments)
        if name in FUNCTIONS:
            return ("f", FUNCTIONS[name], arguments)
        raise NotAlgebra(name)

    def _wrapped(self) -> tuple:
        """The first argument; what follows it says how the program keeps the value."""
        self.need("op", "(")
        quoted = self.take("op", "'") or self.take("op", '"')
        value = self.sum()
        if quoted and not (self.take("op", "'") or self.take("op", '"')):
            raise NotAlgebra("a quotation without end")
        while not self.take("op", ")"):
            if self._ends_here(0) or self.peek()[:2] == ("op", "("):
                raise NotAlgebra("a call without end")
            self.place += 1
        return value


def _product(factors: list[tuple]) -> tuple:
    return factors[0] if len(factors) == 1 else ("*", tuple(factors))


def numeral(text: str) -> tuple:
    """The tree of a numeral.

    Raises:
        NotAlgebra: it has more digits than anybody computes with.
    """
    if text.isdigit():
        if len(text) > MAX_DIGITS:
            raise NotAlgebra("a long numeral")
        return ("n", Fraction(int(text)), None)
    mantissa, _, scale = text.lower().partition("e")
    if len(mantissa) > MAX_DIGITS or abs(int(scale or 0)) > MAX_SCALE:
        raise NotAlgebra("a long numeral")
    whole, _, decimals = mantissa.partition(".")
    digits = (whole + decimals).lstrip("0")
    value = Fraction(int(whole + decimals or 0), 10 ** len(decimals)) * Fraction(10) ** int(scale or 0)
    return ("n", value, (len(digits), len(decimals) - int(scale or 0), bool(scale)))


def letters_of(word: str) -> list[str] | None:
    """The symbols that a run of letters stands for: a name, or up to three factors; None if it is a word."""
    if word in CONSTANTS:
        return [CONSTANTS[word]]
    if word in FUNCTIONS or word in LETTERS or "_" in word:
        return [word]
    if len(word) > 3 or word.lower() in _SHORT_WORDS or (len(word) == 3 and word[0].isupper() and word[1:].islower()):
        return None
    return list(word)
