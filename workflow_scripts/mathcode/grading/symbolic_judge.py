"""Judges one pair of answers symbolically; preloaded into the interpreter's workers by `mathcode.grading.exact`, never imported.

Only here do a LaTeX parser and sympy see what a model wrote, in a forked process that is killed at its limit. On import it
tests itself and warms the parser's caches, which every forked judge then starts from.
"""

import ast
import logging
import re
from contextlib import suppress

import equality
import sympy
from math_verify import LatexExtractionConfig, parse, verify

logging.disable(logging.CRITICAL)  # both libraries warn, pair by pair, that their own clocks are off: ours is a kill

_FUNCTIONS = """
    sqrt cbrt exp log sin cos tan cot sec csc asin acos atan sinh cosh tanh
    factorial binomial floor ceiling Abs Integer Rational
"""
_CALLS = {name: getattr(sympy, name) for name in _FUNCTIONS.split()}
_CALLS |= {"ln": sympy.log, "abs": sympy.Abs, "Fraction": sympy.Rational}
_CALLS |= dict.fromkeys(["Matrix", "ImmutableMatrix", "MutableDenseMatrix", "array"], sympy.Matrix)
_CALLS |= dict.fromkeys(["Float", "mpf", "Decimal", "float", "float64", "float32", "int64", "int32"], lambda number: number)
_MODULES = {"np", "numpy", "sp", "sympy", "math"}
_NAMES = {"pi": sympy.pi, "e": sympy.E, "E": sympy.E, "I": sympy.I, "i": sympy.I, "oo": sympy.oo, "inf": sympy.oo}
_OPERATIONS = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: lambda left, right: left / right,
    ast.Pow: lambda left, right: left**right,
}


class GoldError(ValueError):
    """The reference answer cannot be read."""


def verdict(gold: str, answer: str) -> str:
    """Verdict on a pair of raw answers: "equal", "different" or "gold_unparsed"."""
    try:
        return "equal" if equality.compare(equality.normalise(gold), equality.normalise(answer), same) else "different"
    except GoldError:
        return "gold_unparsed"
    except (MemoryError, KeyboardInterrupt):
        raise
    except Exception:
        return "different"


def same(gold: str, answer: str) -> bool:
    """Whether two single expressions are equal."""
    golds = readings(gold)
    if not golds:
        raise GoldError(gold)
    decimal = any(re.search(r"\d*\.\d", text) for text in (gold, answer))
    return any(_same(left, right, decimal) for left in golds for right in readings(answer))


def readings(text: str) -> list:
    """What an expression may mean: read as a program prints it, and as LaTeX."""
    found = []
    if "\\" not in text:
        with suppress(SyntaxError, ValueError, TypeError, RecursionError):
            found.append(_built(ast.parse(text.replace("^", "**"), mode="eval").body))
    latex = parse(f"${text}$", [LatexExtractionConfig()], fallback_mode="no_fallback", parsing_timeout=None)
    return found + [_complex(reading) for reading in latex]


def _complex(reading):
    """An `i` without any other variable is the imaginary unit."""
    alone = isinstance(reading, sympy.Expr) and [symbol.name for symbol in reading.free_symbols] == ["i"]
    return reading.subs(reading.free_symbols.pop(), sympy.I) if alone else reading


def _same(left, right, decimal: bool) -> bool:
    numbers = [getattr(side, "is_number", False) and not getattr(side, "is_Matrix", False) for side in (left, right)]
    if all(numbers):
        return _close(left, right, decimal)
    return bool(verify([left], [right], timeout_seconds=None, allow_set_relation_comp=True))


def _close(left, right, decimal: bool) -> bool:
    """Equality of two constants: rationals exactly, other exact ones to 20 digits, decimals to the six they may be rounded to."""
    left, right = left.doit(), right.doit()
    if left == right or not (left.is_finite and right.is_finite) or (left.is_Rational and right.is_Rational and not decimal):
        return left == right
    try:
        difference = abs(sympy.N(left - right, 30, maxn=200))
        size = max(abs(sympy.N(left, 30)), abs(sympy.N(right, 30)))
        tolerance = min(size * sympy.Float("1e-6", 30), sympy.Float("1e-4", 30)) if decimal else size * sympy.Float("1e-20", 30)
        return bool(difference <= tolerance)
    except (TypeError, ValueError, ArithmeticError):
        return False


def _built(node: ast.AST):
    """A sympy expression from a whitelisted syntax tree; nothing is evaluated by Python itself."""
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return sympy.Rational(str(node.value))
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and equality.number(node.value):  # Decimal('0.5')
        return sympy.Rational(node.value)
    if isinstance(node, ast.List):
        return list(map(_built, node.elts))
    if isinstance(node, ast.Name):
        return _NAMES.get(node.id) or sympy.Symbol(node.id, real=True)  # as the LaTeX parser makes them
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATIONS:
        return _OPERATIONS[type(node.op)](_built(node.left), _built(node.right))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        return -_built(node.operand) if isinstance(node.op, ast.USub) else _built(node.operand)
    if isinstance(node, ast.Call) and (name := _called(node.func)) in _CALLS and not node.keywords:
        return _CALLS[name](*map(_built, node.args))
    raise ValueError(ast.dump(node)[:50])


def _called(function: ast.AST) -> str | None:
    """Name of a function, bare or of a module that programs print with it, as in np.float64(3.0)."""
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id in _MODULES:
        return function.attr
    return function.id if isinstance(function, ast.Name) else None


_FAMILIAR = [
    r"\frac{3}{2}x^2 - \sqrt{5} \cdot y + 10^{-2}",
    r"(-\infty, -2) \cup [0, 1) \cup (2, \infty)",
    r"\begin{pmatrix} 1 & -2 \\ 0 & \frac{1}{2} \end{pmatrix}",
    r"\sin^2\theta + \cos(2x) - \tan\frac{\pi}{4}",
    r"\log_2 3 + \ln(x + 1) - e^{-x}",
    r"y = -\frac{1}{3}x + 2",
    r"x \le 5",
    r"3 + 4i",
    r"\binom{10}{3} \cdot 5! - |x - 2|",
    r"\left(\frac{1}{2}, -3, \sqrt[3]{7}\right)",
    r"25_{6}",
    r"a_1 + b^{n+1}",
]


def self_test() -> None:
    """Refuse to serve with a LaTeX parser that cannot read: otherwise every LaTeX answer is silently wrong."""
    for gold, answer, expected in [
        (r"\frac12", "0.5", True),
        (r"\frac{\sqrt{3}}{2}", r"\frac{3}{2\sqrt{3}}", True),
        (r"x^2+2x+1", r"(x+1)^2", True),
        (r"[0,1)\cup(2,\infty)", r"[0,1]\cup(2,\infty)", False),
        (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}1\\3\end{pmatrix}", False),
        (r"\sin x - \frac{\pi}{2} + 3i", "2", False),
    ]:
        try:
            right = same(gold, answer) is expected
        except Exception:
            right = False
        if not right:
            raise RuntimeError(
                f"the LaTeX parser misjudges {gold} against {answer};"
                " the installed antlr4-python3-runtime does not fit latex2sympy2_extended"
            )


def warm_up() -> None:
    """Fill the parser's caches with the commonest constructs, so that no forked judge pays for them."""
    for text in _FAMILIAR:
        verdict(text, r"\sqrt{17}")


self_test()
warm_up()
