"""Pairs of answers made from random values, form by form, in English and Chinese: equal in another form, different by another value.

A generator of FORMS takes a `random.Random` and gives (gold, an equal answer, a different answer).
"""

import random
from collections.abc import Callable, Iterator
from fractions import Fraction

_ONES_TEXT = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
)
_ONES = _ONES_TEXT.split()
_TENS_TEXT = "- - twenty thirty forty fifty sixty seventy eighty ninety"
_TENS = _TENS_TEXT.split()
_DIGITS = "零一二三四五六七八九"
_MONTHS_TEXT = "January February March April May June July August September October November December"
_MONTHS = _MONTHS_TEXT.split()


def english(number: int) -> str:
    """A natural number below a billion in words."""
    for size, name in ((10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = f" {english(number % size)}" if number % size else ""
            return f"{english(number // size)} {name}{rest}"
    return _ONES[number] if number < 20 else _TENS[number // 10] + (f"-{_ONES[number % 10]}" if number % 10 else "")


def chinese(number: int) -> str:
    """A natural number below a hundred million in characters."""
    if number >= 10**4:
        high, low = divmod(number, 10**4)
        return chinese(high) + "万" + ("零" if 0 < low < 1000 else "") + (chinese(low) if low else "")
    said, gap = "", False
    for size, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // size % 10
        if digit:
            said += ("零" if gap and said else "") + _DIGITS[digit] + name
            gap = False
        else:
            gap = True
    return said or "零"


def _other(draw: random.Random, value: int) -> int:
    return value + draw.choice([-10, -1, 1, 2, 10, 100])


def integer(draw):
    value = draw.randint(-(10**6), 10**6)
    return (
        str(value),
        draw.choice([f"{value:,}", f"{value}.0", f"${value}$", f"\\boxed{{{value}}}", f"x = {value}"]),
        str(_other(draw, value)),
    )


def decimal(draw):
    value = Fraction(draw.randint(1, 10**5), 100)
    return f"{float(value):.2f}", f"\\frac{{{value.numerator}}}{{{value.denominator}}}", f"{float(value) + draw.choice([0.01, 0.1, 1]):.2f}"


def fraction(draw):
    above, below, factor = draw.randint(1, 99), draw.randint(2, 99), draw.randint(2, 9)
    return f"\\frac{{{above}}}{{{below}}}", f"{above * factor}/{below * factor}", f"{above + 1}/{below}"


def mixed(draw):
    whole, below = draw.randint(1, 40), draw.randint(2, 20)
    above = draw.randint(1, below - 1)
    value = Fraction(above, below)
    shape = draw.choice([f"{whole} {above}/{below}", f"{whole}\\frac{{{above}}}{{{below}}}", f"{whole}又{below}分之{above}"])
    return f"\\frac{{{whole * below + above}}}{{{below}}}", shape, f"{whole + 1} {value.numerator}/{value.denominator}"


def mixed_measure(draw):
    """A mixed number as Chinese exercises write it, with what may stand behind one."""
    whole, below = draw.randint(2, 40), draw.randint(2, 20)
    above = draw.randint(1, below - 1)
    unit, behind = draw.choice([("米", "米"), (" hours", " hours"), ("\\%", "%"), ("\\pi", "\\pi"), ("^\\circ", "^\\circ")])
    return (
        f"\\frac{{{whole * below + above}}}{{{below}}}{unit}",
        draw.choice([f"{whole}({above}/{below})", f"{whole}(({above})/({below}))", f"{whole}又({above}/{below})"]) + behind,
        draw.choice([f"\\frac{{{whole * above}}}{{{below}}}", f"{whole}({above}/{below + 1})"]) + behind,
    )


def percent(draw):
    value = draw.randint(2, 99)
    shape = draw.choice([f"{value}%", f"{value / 100:.2f}", f"{value} percent", str(value), f"百分之{chinese(value)}"])
    return f"{value}\\%", shape, f"{value + 1}%"


def money(draw):
    dollars, cents = draw.randint(1, 99), draw.randint(10, 99)
    shape = draw.choice(
        [f"{dollars} dollars and {cents} cents", f"{dollars}.{cents}", f"{dollars * 100 + cents} cents", f"$ {dollars}.{cents}"]
    )
    return f"\\${dollars}.{cents}", shape, f"\\${dollars}.{cents - 1 if cents > 10 else 99}"


def length(draw):
    value = draw.randint(1, 500)
    shape = draw.choice([f"{value * 100} cm", f"{value}米", str(value), f"{value}\\mathrm{{~m}}", f"{value} meters"])
    return f"{value} \\text{{ m}}", shape, draw.choice([f"{value} km", f"{value} cm", f"{value + 1} m", f"{value}千米"])


def speed(draw):
    value = draw.randint(1, 200)
    shape = draw.choice([f"{value} km/h", f"{value}千米/时", f"{value} kilometers per hour", str(value)])
    return f"{value} \\text{{ km/h}}", shape, draw.choice([f"{value} m/s", f"{value} mph", f"{value + 1} km/h"])


def counted(draw):
    value = draw.randint(2, 500)
    gold, other = draw.sample(["apples", "books", "students", "ways", "marbles", "tickets"], 2)
    return (
        f"{value} {gold}",
        draw.choice([str(value), f"{value} {gold}", f"{english(value)}"]),
        draw.choice([f"{value} {other}", f"{value + 1}"]),
    )


def ratio(draw):
    a, b, factor = draw.randint(1, 9), draw.randint(1, 9), draw.randint(2, 5)
    return f"{a}:{b}", draw.choice([f"{a * factor}:{b * factor}", f"{a}/{b}", f"{a} : {b}"]), f"{a + 1}:{b}"


def named_ratio(draw):
    names, terms = draw.choice(["ABC", "甲乙丙", "xyz"]), draw.sample(range(1, 30), 3)
    order = draw.sample(range(3), 3)
    turned = [order[1], order[0], order[2]]

    def written(names_in, terms_in):
        return f"{':'.join(names[at] for at in names_in)}={':'.join(str(terms[at]) for at in terms_in)}"

    return written(range(3), range(3)), written(order, order), written(order, turned)


def clock(draw):
    hour, minute = draw.randint(1, 11), draw.randint(1, 59)
    shape = draw.choice([f"{hour}:{minute:02} PM", f"{hour + 12}:{minute:02}", f"下午{hour}点{minute}分", f"{hour}:{minute:02}"])
    return f"{hour}:{minute:02} p.m.", shape, draw.choice([f"{hour}:{minute:02} a.m.", f"{hour}:{(minute + 7) % 60:02} p.m."])


def date(draw):
    year, month, day = draw.randint(1900, 2099), draw.randint(1, 12), draw.randint(1, 27)
    name = _MONTHS[month - 1]
    shape = draw.choice([f"{day} {name} {year}", f"{year}-{month:02}-{day:02}", f"{year}年{month}月{day}日", f"{name} {day}, {year}"])
    return f"{name} {day}, {year}", shape, f"{name} {day + 1}, {year}"


def values(draw):
    found = draw.sample(range(-50, 50), draw.randint(2, 4))
    shuffled = draw.sample(found, len(found))
    comma, words = ", ".join(map(str, shuffled)), " and ".join(map(str, shuffled))
    wrong = ", ".join(map(str, [found[0] + 100, *found[1:]]))
    return ",".join(map(str, found)), draw.choice([comma, words, f"[{comma}]", f"\\{{{comma}\\}}", "、".join(map(str, shuffled))]), wrong


def pair(draw):
    a, b = draw.sample(range(-20, 20), 2)
    return f"({a},{b})", draw.choice([f"({a}, {b})", f"\\left({a}, {b}\\right)", f"x={a}, y={b}", f"（{a}，{b}）"]), f"({b},{a})"


def assignments(draw):
    a, b = draw.sample(range(-20, 20), 2)
    return f"x={a}, y={b}", draw.choice([f"y = {b}, x = {a}", f"{{x: {a}, y: {b}}}", f"x={a}且y={b}", f"x={a} and y={b}"]), f"x={b}, y={a}"


def solutions(draw):
    """Two or three solutions of two unknowns; in the different answer two values are swapped between them."""
    count = draw.randint(2, 3)
    xs, ys = draw.sample(range(-20, 20), count), draw.sample(range(-20, 20), count)

    def written(pairs, join):
        return join.join(draw.choice([f"x={x}, y={y}", f"y={y}, x={x}"]) for x, y in pairs)

    right, wrong = list(zip(xs, ys, strict=True)), list(zip(xs, [*ys[1:], ys[0]], strict=True))
    join = draw.choice([" or ", "; ", "或", " \\text{ or } "])
    shuffled = draw.sample(right, count)
    maps = ", ".join(f"{{x: {x}, y: {y}}}" for x, y in shuffled)
    same = draw.choice([written(shuffled, join), f"[{maps}]", ", ".join(f"({x}, {y})" for x, y in shuffled)])
    return written(right, " \\text{ or } "), same, written(wrong, join)


def interval(draw):
    low = draw.randint(-20, 20)
    high = low + draw.randint(1, 20)
    shape = draw.choice(
        [f"{low} \\le x < {high}", f"[{low}, {high})", f"Interval.Ropen({low}, {high})", f"\\{{x \\mid {low} \\leq x < {high}\\}}"]
    )
    return f"[{low},{high})", shape, draw.choice([f"[{low},{high}]", f"({low},{high})", f"[{low},{high + 1})"])


def union(draw):
    low = draw.randint(-20, 0)
    high = low + draw.randint(1, 20)
    gold = f"(-\\infty,{low})\\cup({high},\\infty)"
    shape = draw.choice([f"x < {low} or x > {high}", f"({high}, oo) ∪ (-oo, {low})", f"x<{low}或x>{high}"])
    return gold, shape, draw.choice([f"x \\le {low} or x > {high}", f"x < {low}", f"({low},{high})"])


def matrix(draw):
    a, b, c, d = draw.sample(range(-9, 10), 4)
    gold = f"\\begin{{pmatrix}}{a}&{b}\\\\{c}&{d}\\end{{pmatrix}}"
    return gold, draw.choice([f"Matrix([[{a}, {b}], [{c}, {d}]])", f"[[{a}, {b}], [{c}, {d}]]"]), f"Matrix([[{a}, {c}], [{b}, {d}]])"


def polynomial(draw):
    a, b = draw.randint(1, 12), draw.randint(1, 12)
    shape = draw.choice([f"(x+{a})(x-{b})", f"x**2 + {a}*x - {b}*x - {a * b}", f"(x-{b})*(x+{a})", f"x²+({a}-{b})x-{a * b}"])
    return f"x^2+({a - b})x-{a * b}", shape, draw.choice([f"(x-{a})(x+{b})" if a != b else "x^2", f"(x+{a})(x-{b})+1", f"(t+{a})(t-{b})"])


def surd(draw):
    a, b = draw.randint(2, 9), draw.choice([2, 3, 5, 6, 7, 10, 11, 13])
    shape = draw.choice([f"\\sqrt{{{a * a * b}}}", f"{a}*sqrt({b})", f"{a}√{b}", repr(a * b**0.5), f"\\frac{{{a * b}}}{{\\sqrt{{{b}}}}}"])
    return f"{a}\\sqrt{{{b}}}", shape, draw.choice([f"{a}\\sqrt{{{b + 1}}}", f"{a * b}", f"{a * b**0.5:.2f}"])


def equation(draw):
    a, b, factor = draw.randint(1, 9), draw.randint(1, 9), draw.randint(2, 5)
    shape = draw.choice([f"{a}x+{b} = y", f"{factor}y={factor * a}x+{factor * b}", f"Eq(y, {a}*x + {b})", f"{a}x-y+{b}=0"])
    return f"y={a}x+{b}", shape, draw.choice([f"y={a}x-{b}", f"{b}", f"x={a}y+{b}" if a > 1 else "y=x"])


def choice(draw):
    letter = draw.choice("ABCDEFGH")
    other = draw.choice([one for one in "ABCDEFGH" if one != letter])
    shape = draw.choice(
        [f"({letter})", f"{letter}.", f"({letter}) {draw.randint(1, 99)}", f"option {letter}", f"选{letter}", f"\\text{{({letter})}}"]
    )
    return letter, shape, draw.choice([other, f"({other}) {letter}", f"{letter} or {other}", f"({letter}) and ({other})"])


def words(draw):
    gold, other = draw.sample(["Monday", "ellipse", "even", "no solution", "does not exist", "Alice", "第三象限", "增加", "必要条件"], 2)
    return gold, draw.choice([gold.upper(), f"\\text{{{gold}}}", f"{gold}.", f"**{gold}**"]), draw.choice([other, f"not {gold}"])


def english_words(draw):
    value = draw.choice([draw.randint(0, 120), draw.randint(100, 10**6)])
    return str(value), english(value), english(value + draw.choice([1, 10, 100]))


def chinese_words(draw):
    value = draw.choice([draw.randint(1, 120), draw.randint(100, 10**6)])
    return str(value), chinese(value), chinese(value + draw.choice([1, 10, 100]))


def scientific(draw):
    mantissa, power = Fraction(draw.randint(101, 999), 100), draw.randint(-12, 12)
    text = f"{float(mantissa):.2f}"
    shape = draw.choice([f"{text}e{power}", f"{text} \\cdot 10^{{{power}}}", f"{text}x10^{power}"])
    return f"{text} \\times 10^{{{power}}}", shape, f"{text}e{power + draw.choice([-1, 1])}"


FORMS: dict[str, Callable] = {
    function.__name__: function
    for function in (
        integer, decimal, fraction, mixed, mixed_measure, percent, money, length, speed, counted, ratio, named_ratio, clock, date, values,
        pair, assignments, solutions, interval, union, matrix, polynomial, surd, equation, choice, words, english_words, chinese_words,
        scientific,
    )
}  # fmt: skip


def pairs(form: str, count: int) -> Iterator[tuple[str, str, bool]]:
    """Gold, answer, whether they are equal: so many pairs of a form, always the same ones."""
    draw = random.Random(form)
    for _ in range(count // 2):
        gold, same, other = FORMS[form](draw)
        yield gold, same, True
        yield gold, other, False
