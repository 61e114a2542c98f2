"""The names that an answer may hold without saying what they are: functions, constants, Greek letters, what programs print."""

GREEK = {"alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi", "pi", "rho",
         "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"}  # fmt: skip
"""Letters that programs and plain text spell out."""

_VARIANTS = {"varepsilon", "vartheta", "varphi", "varrho", "varsigma", "varpi", "ell", "hbar", "infty", "aleph", "Re", "Im", "nabla",
             "partial", "emptyset", "top", "prime"}  # fmt: skip
LETTERS = GREEK | {name.capitalize() for name in GREEK} | _VARIANTS
"""Macros that are symbols."""

CONSTANTS = {"pi": "pi", "Pi": "Pi", "infty": "oo", "oo": "oo", "inf": "oo", "Infinity": "oo", "infinity": "oo", "e": "e", "E": "E"}
"""Spellings of constants and of names that are left as they are."""

FUNCTIONS = {
    "sin": "sin", "cos": "cos", "tan": "tan", "tg": "tan", "cot": "cot", "ctg": "cot", "sec": "sec", "csc": "csc", "cosec": "csc",
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctg": "atan", "asin": "asin", "acos": "acos", "atan": "atan",
    "arccot": "acot", "acot": "acot", "arcsec": "asec", "arccsc": "acsc",
    "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "coth": "coth", "sech": "sech", "csch": "csch",
    "arcsinh": "asinh", "asinh": "asinh", "arccosh": "acosh", "acosh": "acosh", "arctanh": "atanh", "atanh": "atanh",
    "ln": "ln", "log": "log", "lg": "lg", "exp": "exp", "sqrt": "sqrt", "cbrt": "cbrt", "abs": "abs", "Abs": "abs", "floor": "floor",
    "ceil": "ceil", "ceiling": "ceil", "factorial": "factorial", "gcd": "gcd", "lcm": "lcm", "max": "max", "min": "min",
    "binomial": "binomial", "binom": "binomial", "comb": "binomial", "sgn": "sign", "sign": "sign", "conjugate": "conjugate",
}  # fmt: skip
"""Functions, by the names that LaTeX, people and programs give them."""

_FEWEST = {"gcd": 1, "lcm": 1, "max": 2, "min": 2}
_TWO = {"root", "Mod", "binomial"}
_KNOWN = {*FUNCTIONS.values(), "factorial2"}


def takes(name: str, count: int) -> bool:
    """Whether a function can be of so many arguments; one that is not known can be of any number."""
    if name in _FEWEST:
        return count >= _FEWEST[name]
    if name in _TWO:
        return count == 2
    return count == 1 or (name == "log" and count == 2) or name not in _KNOWN


WRAPPERS = {"Integer", "Float", "mpf", "Decimal", "float", "int", "float64", "float32", "int64", "int32", "longdouble", "Poly", "sympify"}
"""What programs put around a value; the value is the first argument."""

RATIONALS = {"Rational", "Fraction"}
MATRICES = {"Matrix", "ImmutableMatrix", "ImmutableDenseMatrix", "MutableDenseMatrix", "array", "matrix"}
TUPLES = {"Point", "Point2D", "Point3D", "Tuple", "tuple"}
SETS = {"FiniteSet", "set", "frozenset"}
LISTS = {"list"}
INTERVALS = {"Interval": "[]", "Interval.open": "()", "Interval.Lopen": "(]", "Interval.Ropen": "[)"}
RELATIONS = {"Eq": "=", "Equality": "=", "Ne": "!=", "Unequality": "!=", "Lt": "<", "StrictLessThan": "<", "Le": "<=", "LessThan": "<=",
             "Gt": ">", "StrictGreaterThan": ">", "Ge": ">=", "GreaterThan": ">="}  # fmt: skip
LOGICAL = {"Union", "Intersection", "And", "Or"}

_MODULES = ("np", "numpy", "sp", "sympy", "math", "fractions", "decimal", "mpmath", "cmath")
_PLAIN = {
    *FUNCTIONS,
    *WRAPPERS,
    *RATIONALS,
    *MATRICES,
    *TUPLES,
    *SETS,
    *LISTS,
    *INTERVALS,
    *RELATIONS,
    *LOGICAL,
    "Mod",
    "root",
    "log2",
    "log10",
}
CALLS = _PLAIN | {f"{module}.{name}" for module in _MODULES for name in _PLAIN}
"""Names that, before an opening bracket, are what programs print."""

OPAQUE = {"f", "g", "h", "F", "G", "H", "P", "Q"}
"""Letters that, before one symbol or number in brackets, are a function we know nothing of; `f` and `g` before anything."""
