"""Questions made by a seeded generator, for the demo: four families a tiny model finds easy in one methodology only.

| family | question | chain of thought | program |
| --- | --- | --- | --- |
| small | two steps with operands 2-9 | short and right | one line |
| big | a product, a power modulo m | a guess in one line: no tiny model can learn it | one line |
| verbal | the order of three people by age; a day of the week | lists them | long, and shown too rarely to be learned |
| bill | two items, counts 2-5, prices 2-9 or 11-99 | three products and sums; hard for two-digit prices | one line per item |

That programs are rare for `verbal` is engineered (`code_share`), so that neither methodology is the better one everywhere.

A *problem* is what must be solved, a *wording* its names, items and order of sentences. Every problem belongs to one split by
a hash of its numbers (order of people: the people in order; weekday: the whole question, as it has only 35 pairs of numbers),
so no split holds a problem of another one. Split `ood` holds problems of `test`, each family shifted in one way that no other split
has: factors of 6-9, a person in place of the factory, a third fact that the other two imply or another verb, a price of 10. The shifts
are small: with larger ones (three steps, longer numbers, four people) the start policy was right in less than 10 %, and no policy
could show anything. All splits use the same words, so a tokenizer trained on one reads the others.
"""

import hashlib
import itertools
import random
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from pydantic import Field

from mathcode import settings
from mathcode.core.errors import InputError

NAMES = ("Ann", "Bob", "Cal", "Dan", "Eve", "Fay", "Gus", "Ida", "Jay", "Kim")
ITEMS = ("books", "cups", "hats", "jars", "lamps", "mugs", "nuts", "pens", "rings", "socks", "toys", "vases")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

SPLITS = {"sft": 0.70, "train": 0.82, "dev": 0.88, "test": 1.0}
"""Upper ends of the splits' shares of all problems."""

_PATIENCE = 50_000
"""Draws without any new question after which a family counts as exhausted."""

Family = Literal["small", "big", "verbal", "bill"]


class Arguments(settings.Section):
    """What `generate:` of a source may say."""

    split: Literal["sft", "train", "dev", "test", "ood"]
    rows: settings.PositiveInt
    seed: settings.PositiveInt
    mix: dict[Family, float] = Field(min_length=1, description="share of each family")
    code_share: dict[Family, float] = Field(default_factory=dict, description="split sft: share of demonstrations that are programs")


class Problem(NamedTuple):
    """One question with both solutions; `key` is what must not recur in another split."""

    question: str
    answer: str
    cot: str
    code: str
    kind: str
    key: tuple


def generate(arguments: dict[str, Any] | Arguments) -> list[dict[str, str]]:
    """Records of one split: question, answer, family, kind, cot (steps), code (program); split sft: demo, cot or code.

    Returns:
        `rows` records with distinct questions, families mixed, the same for the same arguments.

    Raises:
        SettingsError: an argument is missing, unknown or out of range.
        InputError: a family has fewer distinct questions than wanted.
    """
    arguments = settings.validated(Arguments, arguments, "arithmetic generator")
    records = []
    for family, rows in _counts(arguments).items():
        for problem in _draw(family, rows, arguments):
            record = problem._asdict() | {"family": family}
            del record["key"]
            if arguments.split == "sft":
                by_program = _uniform("demo", arguments.seed, problem.question) < arguments.code_share.get(family, 0.0)
                record["demo"] = "code" if by_program else "cot"
            records.append(record)
    return sorted(records, key=lambda record: _uniform("order", arguments.seed, record["question"]))


def split_of(key: tuple) -> str:
    """The split a problem belongs to."""
    position = _uniform("split", *key)
    return next(split for split, end in SPLITS.items() if position < end)


def _counts(arguments: Arguments) -> dict[str, int]:
    """Rows of each family: shares of `rows`, rounded so that they add up."""
    total = sum(arguments.mix.values())
    if total <= 0 or min(arguments.mix.values()) < 0:
        raise settings.SettingsError(f"arithmetic split '{arguments.split}': the shares in 'mix' must be positive")
    counts, given, reached = {}, 0, 0.0
    for family, share in arguments.mix.items():
        reached += share / total
        counts[family] = round(arguments.rows * reached) - given
        given += counts[family]
    return counts


def _draw(family: str, rows: int, arguments: Arguments) -> list[Problem]:
    """`rows` problems with distinct questions, all of the asked split."""
    generator = random.Random(f"{arguments.seed}/{arguments.split}/{family}")
    draw, shifted = _FAMILIES[family], arguments.split == "ood"
    split = "test" if shifted else arguments.split
    found: dict[str, Problem] = {}
    misses = 0
    while len(found) < rows:
        problem = draw(generator, shifted)
        if problem.question not in found and split_of(problem.key) == split:
            found[problem.question] = problem
            misses = 0
        elif (misses := misses + 1) > _PATIENCE:
            raise InputError(
                f"arithmetic family '{family}' has only {len(found)} distinct questions in split '{arguments.split}', {rows} are wanted"
            )
    return list(found.values())


def _small(generator: random.Random, shifted: bool) -> Problem:
    name, other = generator.sample(NAMES, 2)
    item = generator.choice(ITEMS)
    a, b = (generator.randint(2, 9) for _ in range(2))
    c = generator.randint(6, 9) if shifted else generator.randint(2, 5)
    kind = generator.choice(("sum_times", "times_sum") if shifted else ("sum_times", "times_sum", "sum_less", "times_less"))
    if kind == "sum_times":
        question = f"{name} has {a} {item} and gets {b} more. {other} has {c} times as many. How many {item} does {other} have?"
        total, code = (a + b) * c, f"({a} + {b}) * {c}"
        cot = f"{a} + {b} = {a + b}. {a + b} * {c} = {total}."
    elif kind == "times_sum":
        question = f"{name} has {c} bags of {a} {item} and finds {b} more. How many {item} does {name} have?"
        total, code = c * a + b, f"{c} * {a} + {b}"
        cot = f"{c} * {a} = {c * a}. {c * a} + {b} = {total}."
    elif kind == "sum_less":
        c = generator.randint(2, min(9, a + b - 1))
        question = f"{name} has {a} {item}, gets {b} more and loses {c}. How many {item} are left?"
        total, code = a + b - c, f"{a} + {b} - {c}"
        cot = f"{a} + {b} = {a + b}. {a + b} - {c} = {total}."
    else:
        b = generator.randint(2, min(9, c * a - 1))
        question = f"{name} has {c} bags of {a} {item} and loses {b}. How many {item} are left?"
        total, code = c * a - b, f"{c} * {a} - {b}"
        cot = f"{c} * {a} = {c * a}. {c * a} - {b} = {total}."
    return Problem(question, str(total), cot, f"print({code})", kind, ("small", kind, a, b, c))


def _big(generator: random.Random, shifted: bool) -> Problem:
    kind = "person" if shifted else generator.choice(("product", "power", "factory"))
    if kind == "power":
        a, b, m = generator.randint(2, 99), generator.randint(10, 99), generator.randint(11, 97)
        answer, code, term = pow(a, b, m), f"pow({a}, {b}, {m})", f"{a}^{b} mod {m}"
        return Problem(f"What is {term}?", str(answer), f"{term} = {answer}.", f"print({code})", kind, ("big", kind, a, b, m))
    a, b = generator.randint(100, 999), generator.randint(100, 999) if kind == "product" else generator.randint(10, 99)
    if kind == "product":
        question = f"What is {a} * {b}?"
    else:
        item = generator.choice(ITEMS)
        maker = generator.choice(NAMES) if shifted else "A factory"
        question = f"{maker} makes {a} {item} a day. How many {item} does {maker if shifted else 'it'} make in {b} days?"
    numbers = ("big", "product" if kind == "product" else "factory", a, b)
    return Problem(question, str(a * b), f"{a} * {b} = {a * b}.", f"print({a} * {b})", kind, numbers)


def _verbal(generator: random.Random, shifted: bool) -> Problem:
    return (_order if generator.random() < 0.5 else _weekday)(generator, shifted)


def _order(generator: random.Random, shifted: bool) -> Problem:
    people = tuple(generator.sample(NAMES, 3))  # oldest first
    rank, asked = generator.choice(((0, "oldest"), (1, "second oldest"), (2, "youngest")))
    neighbours = list(itertools.pairwise(people))
    told = [*neighbours, (people[0], people[-1])] if shifted else neighbours
    generator.shuffle(told)
    facts = [
        f"{younger} is younger than {older}." if generator.random() < 0.5 else f"{older} is older than {younger}."
        for older, younger in told
    ]
    waiting = [pair for pair in told if pair in neighbours]  # what the others imply, no program needs
    ages = {waiting[0][1]: 0}
    program = [f'age = {{"{waiting[0][1]}": 0}}']
    while waiting:  # a program can only compare with somebody whose age it has set
        older, younger = next(pair for pair in waiting if pair[0] in ages or pair[1] in ages)
        waiting.remove((older, younger))
        known, new, step = (older, younger, -1) if older in ages else (younger, older, 1)
        ages[new] = ages[known] + step
        program.append(f'age["{new}"] = age["{known}"] {"+" if step > 0 else "-"} 1')
    program.append(f"print(sorted(age, key=age.get)[{len(people) - 1 - rank}])")
    question = f"{' '.join(facts)} Who is the {asked}?"
    return Problem(question, people[rank], f"{', '.join(people)}.", "\n".join(program), "order", ("order", *people))


def _weekday(generator: random.Random, shifted: bool) -> Problem:
    name, item, start = generator.choice(NAMES), generator.choice(ITEMS), generator.randrange(7)
    delay = generator.randint(2, 6)
    verb = "finds" if shifted else generator.choice(("orders", "buys"))
    days = [DAYS[(start + step) % 7] for step in range(1, delay + 1)]
    question = f"{name} {verb} {item} on {DAYS[start]}. They come {delay} days later. What day is it then?"
    program = f'days = "{" ".join(DAYS)}".split()\nprint(days[(days.index("{DAYS[start]}") + {delay}) % 7])'
    return Problem(question, days[-1], f"{', '.join(days)}.", program, "weekday", ("weekday", question))


def _bill(generator: random.Random, shifted: bool) -> Problem:
    name = generator.choice(NAMES)
    items = generator.sample(ITEMS, 2)
    easy = generator.random() < 0.5
    counts = [generator.randint(2, 5) for _ in items]
    prices = [generator.randint(2, 9) if easy else generator.randint(11, 99) for _ in items]
    if shifted:
        prices[generator.randrange(2)] = 10
    costs = [count * price for count, price in zip(counts, prices, strict=True)]
    parts = [f"{count} {item} at {price} dollars each" for count, item, price in zip(counts, items, prices, strict=True)]
    listed = f"{', '.join(parts[:-1])} and {parts[-1]}"
    question = f"{name} buys {listed}. What is the bill in dollars?"
    steps = [f"{count} * {price} = {cost}." for count, price, cost in zip(counts, prices, costs, strict=True)]
    total = costs[0]
    for cost in costs[1:]:
        steps.append(f"{total} + {cost} = {total + cost}.")
        total += cost
    program = [f"{item} = {count} * {price}" for item, count, price in zip(items, counts, prices, strict=True)]
    program.append(f"print({' + '.join(items)})")
    kind = "easy" if easy else "hard"
    return Problem(question, str(total), " ".join(steps), "\n".join(program), kind, ("bill", *counts, *prices))


_FAMILIES: dict[str, Callable[[random.Random, bool], Problem]] = {"small": _small, "big": _big, "verbal": _verbal, "bill": _bill}


def _uniform(*parts: object) -> float:
    """A number in [0, 1) that depends on the parts alone."""
    text = "/".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64
