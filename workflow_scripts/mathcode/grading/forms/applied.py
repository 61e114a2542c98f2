r"""Symbols with their indices and primes, and functions with their powers, bases and arguments: `x_1`, `f'(x)`, `\sin^2 x`, `\log_2 8`.

A part of the parser of `algebra`, which reads what stands in arguments.
"""

from fractions import Fraction

from mathcode.grading.forms.names import FUNCTIONS, OPAQUE, RATIONALS, WRAPPERS
from mathcode.grading.forms.tokens import Token
from mathcode.grading.forms.trees import ONE, NotAlgebra, product


class Applied:
    """Reads what is applied to what; `algebra.Parser` completes it."""

    def _symbol(self, name: str, bare: bool = False) -> tuple:
        """A symbol with its index and primes; a letter of a function with its argument."""
        if not bare:
            self._index_first()
        if not bare and self.take("op", "_"):
            name += "_" + self._index()
            if (chosen := self._chosen(name)) is not None:
                return chosen
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

    def _index_first(self) -> None:
        """`x^2_1` as `x_1^2`."""
        if self.peek()[:2] != ("op", "^"):
            return
        middle = self._group_end(1)
        if self.peek(middle)[:2] == ("op", "_") and (end := self._group_end(middle + 1)) > middle + 1:
            power, index = self.tokens[self.place : self.place + middle], self.tokens[self.place + middle : self.place + end]
            self.tokens[self.place : self.place + end] = [*index, *power]

    def _group_end(self, ahead: int) -> int:
        """Where a token, or a short group in braces, ends; where neither is, it ends before it begins."""
        if self.peek(ahead)[:2] != ("op", "{"):
            return ahead + (self.peek(ahead).kind in ("num", "word"))
        end = next((at for at in range(ahead + 1, ahead + 20) if self.peek(at).value in ("{", "}", "")), ahead)
        return end + 1 if self.peek(end).value == "}" else ahead

    def _chosen(self, name: str) -> tuple | None:
        """`C_5^2`, as schools in China write a binomial, and `A_5^2`, arrangements; with an upper number beyond the lower it is a power."""
        letter, _, base = name.partition("_")
        if letter not in ("C", "A") or not base.isdigit() or self.peek()[:2] != ("op", "^"):
            return None
        place = self.place
        self.place += 1
        taken = self.exponent()
        if taken[0] != "n" or taken[2] is not None or taken[1] > int(base) or len(base) > 4:
            self.place = place
            return None
        whole = ("n", Fraction(int(base)), None)
        if letter == "C":
            return ("f", "binomial", (whole, taken))
        return ("/", ("f", "factorial", (whole,)), ("f", "factorial", (("n", whole[1] - taken[1], None),)))

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
        arguments = self._in_degrees(arguments)
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
        return product(factors)

    def _function_next(self) -> bool:
        token = self.peek()
        return token.kind in ("word", "cmd", "call") and token.value.rsplit(".", 1)[-1] in FUNCTIONS

    def _in_degrees(self, arguments: tuple) -> tuple:
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
