"""Cases with labels that are sure: of graded rollouts, of references in other forms, of near misses, of attacks.

No large model labels anything here, and no person. A rollout is YES where the exact judge accepts it, NO where it and the reference
are single numbers that differ however they are read; what lies between is left out. All else is made, and its label with it. Streams of
chance come from stable ids, so neither order nor company matters. Split by question and by reference: a training case shares neither
with a case of split `test`. Case sets are made of other questions; which of their references a critic was taught, its table says.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import polars as pl

from mathcode import settings, tables
from mathcode.core.errors import UserError
from mathcode.core.random_streams import share, stream
from mathcode.critic import attacks, rewriting
from mathcode.critic.answer_types import answer_type
from mathcode.critic.prompt import LABELS
from mathcode.grading import lenient
from mathcode.grading.forms.units import conversions
from mathcode.grading.judge import Case
from mathcode.responses import references

YES, NO = LABELS
_EXCHANGED = 0.25
"""Share of near misses of several values in order that exchange them: programs do, more often than one change of fifteen would."""


class CasesError(UserError):
    """Cases cannot be made of what was given."""


def build(
    queries: pl.DataFrame,
    programs: Sequence[tuple[pl.DataFrame, pl.DataFrame]],
    chosen: settings.Cases,
    seed: int,
    accepts: Callable[[Sequence[Case]], list[bool]],
) -> pl.DataFrame:
    """Table `cases`, sorted by case_id.

    Args:
        queries: table `queries`; only theirs become cases.
        programs: what each policy wrote: table `rollouts`, and its table `grades` of the exact judge; or of the oracle, of which every
            verdict is sure. Apart, since policies number their rollouts alike.
        accepts: whether the exact judge accepts each case; a near miss or an attack that it accepts is none and is left out. It is
            slow, and not asked where the numbers decide.

    Raises:
        CasesError: an unknown form is held out, a rollout has no grade, or not one case can be made.
    """
    if unknown := {*chosen.held_out_forms} - {*rewriting.FORMS}:
        raise CasesError(f"held_out_forms: unknown form '{min(unknown)}'; there are: {', '.join(rewriting.FORMS)}")
    known = {row["query_id"]: row for row in queries.iter_rows(named=True)}
    from_rollouts = [case for rollouts, grades in programs for case in _of_rollouts(known, rollouts, grades)]
    right = _right_programs(from_rollouts)
    ordered = sorted(known)
    made = list(from_rollouts)
    for number, query_id in enumerate(ordered):
        other = known[ordered[(number + 1 + stream(seed, query_id, "other") % max(1, len(ordered) - 1)) % len(ordered)]]
        made += _made(known[query_id], right.get(query_id), other["gold"], chosen, seed)
    doubtful = [row for row in made if row["origin"] in ("near_miss", "attack") and not _numbers_decide(row["gold"], row["result"])]
    refuted = {row["case_id"] for row, accepted in zip(doubtful, accepts([as_case(row) for row in doubtful]), strict=True) if accepted}
    distinct = {row["case_id"]: _placed(row, chosen, seed) for row in made if row["case_id"] not in refuted}
    kept = _balanced(list(distinct.values()), chosen, seed) if chosen.balanced else list(distinct.values())
    if not kept:
        raise CasesError("no case can be made: no rollout is surely right or wrong, and no reference answer is numbers alone")
    return pl.DataFrame(kept, schema=tables.CASES.schema).sort("case_id")


def drawn(cases: pl.DataFrame, rows: int | None, seed: int) -> pl.DataFrame:
    """All cases, or `rows` of them by a hash of their ids, so neither order nor company matters; sorted by case_id.

    Raises:
        CasesError: a case is there twice.
    """
    if repeated := cases.filter(cases["case_id"].is_duplicated())["case_id"].to_list():
        raise CasesError(f"case '{repeated[0]}' is in two of the tables")
    names = sorted(cases["case_id"], key=lambda name: stream(seed, name, "drawn"))
    return cases.filter(pl.col("case_id").is_in(names[:rows])).sort("case_id")


def as_case(row: dict[str, Any]) -> Case:
    """What a judge is shown of a row of table `cases`: the answer is the last line that was printed."""
    lines = [line for line in (row["result"] or "").splitlines() if line.strip()]
    answer = lines[-1].strip() if lines and row["ended"] == "ok" else None
    stated = () if answer is None else (answer,)
    return Case(row["question"], row["gold"], answer, stated, row["program"], row["result"], row["ended"])


def surely_different(gold: str, result: str) -> bool:
    """Whether both are single numbers that differ, also by a factor of a hundred, in other units, and rounded to the reference's
    decimals."""
    read = _numbers(gold, result)
    return len(read) == 1 and _differ(*read[0], gold)


def _numbers_decide(gold: str, result: str) -> bool:
    """Whether both are as many numbers, in whatever order, of which one surely differs: no judge can accept that."""
    return any(_differ(first, second, gold) for first, second in _numbers(gold, result))


def _numbers(gold: str, result: str) -> list[tuple[lenient.Read, lenient.Read]]:
    """The numbers of both, by size, where they are as many and neither computes."""
    wanted, given = (sorted(lenient.numbers(text), key=lambda read: read.value) for text in (gold, result))
    if len(wanted) != len(given) or lenient.is_expression(gold) or lenient.is_expression(result):
        return []
    return list(zip(wanted, given, strict=True))


def _differ(first: lenient.Read, second: lenient.Read, gold: str) -> bool:
    text = gold[first.start : first.end]
    unit = Fraction(1, 10 ** len(text.partition(".")[2].rstrip("% "))) if "." in text else Fraction(1)
    rounded = (first.decimal or first.percent or second.decimal) and abs(first.value - second.value) <= unit / 2
    factors = (1, 100, Fraction(1, 100), *(1 / factor for factor in conversions(gold[first.end :])))
    return not rounded and all(not lenient.same(first, _scaled(second, factor)) for factor in factors)


def _scaled(read: lenient.Read, factor: Fraction | int) -> lenient.Read:
    return lenient.Read(read.value * factor, read.decimal, read.percent, read.start, read.end)


def _of_rollouts(known: dict[str, dict], rollouts: pl.DataFrame, grades: pl.DataFrame) -> Iterator[dict]:
    """Cases of the last program of each rollout, if it ran and its label is sure: the verdict is on what it printed, no other answer."""
    read = grades.select("query_id", "mode", "sample", "outcome", "code_decides")
    outcomes = {tuple(row[:3]): row[3] if row[4] else None for row in read.iter_rows()}
    by_oracle = grades.height > 0 and grades["grader"].fill_null("").str.starts_with("oracle").all()
    for row in rollouts.select("query_id", "mode", "sample", "rounds").iter_rows(named=True):
        key = (row["query_id"], row["mode"], row["sample"])
        ran = [one for one in row["rounds"] if one["outcome"]]
        if row["query_id"] not in known or not ran:
            continue
        if key not in outcomes:
            raise CasesError(f"rollout {row['sample']} of query '{row['query_id']}' (mode {row['mode']}) has no grade")
        query, last = known[row["query_id"]], ran[-1]
        if last["outcome"] != "ok" or not (last["result"] or "").strip():
            continue  # refused unasked, by whatever judge
        text = last["result"].strip().splitlines()[-1]
        if outcomes[key] == "correct":
            yield case_row(query, query["gold"], last["program"], last["result"], "rollout", None, YES, "oracle" if by_oracle else "exact")
        elif outcomes[key] == "wrong" and (by_oracle or surely_different(query["gold"], text)):
            yield case_row(query, query["gold"], last["program"], last["result"], "rollout", None, NO, "oracle" if by_oracle else "numbers")


def _right_programs(cases: list[dict]) -> dict[str, str]:
    """A right program of each query that has one, the first by its case's id."""
    right: dict[str, tuple[str, str]] = {}
    for case in cases:
        if case["label"] == YES:
            right[case["query_id"]] = min(
                right.get(case["query_id"], (case["case_id"], case["program"])), (case["case_id"], case["program"])
            )
    return {query_id: program for query_id, (_, program) in right.items()}


def _made(query: dict, program: str | None, other_gold: str, chosen: settings.Cases, seed: int) -> Iterator[dict]:
    """Cases made for a query: its reference in other forms, near misses of it, attacks."""
    values = rewriting.values_of(query["gold"])
    if values is not None:
        for number in range(chosen.rewritten):
            yield from _rewritten(query, values, program, chosen, random.Random(stream(seed, query["query_id"], "rewritten", number)))
        for number in range(chosen.near_misses):
            yield from _near_miss(query, values, program, chosen, random.Random(stream(seed, query["query_id"], "near_miss", number)))
    target = attacks.Target(query["question"], query["gold"], program or "", other_gold)
    names = sorted(attacks.ATTACKS, key=lambda name: stream(seed, query["query_id"], "attack", name))
    for name in names[: chosen.attacks]:
        result = attacks.attack(name, target, random.Random(stream(seed, query["query_id"], "attack", name, "draw")))
        if result is not None:
            yield case_row(query, query["gold"], program, result, "attack", name, NO, "attack")


def _moved(values: rewriting.Values, chosen: settings.Cases, draw: random.Random) -> rewriting.Values:
    """The values, or others: then a critic cannot learn the question's answer in place of the comparison."""
    if draw.random() >= chosen.moved:
        return values
    return rewriting.drawn(draw.choice(rewriting.KINDS) if chosen.moved_kinds else values, chosen.moved_up_to, draw)


def _form(values: rewriting.Values, language: str, chosen: settings.Cases, draw: random.Random) -> tuple[str, str] | None:
    """A form that can write these values, drawn, and what it writes."""
    names = rewriting.spoken(language) if chosen.own_language else list(rewriting.FORMS)
    for name in draw.sample(names, len(names)):
        if text := rewriting.FORMS[name](values, draw):
            return name, text
    return None


def _rewritten(query: dict, values: rewriting.Values, program: str | None, chosen: settings.Cases, draw: random.Random) -> Iterator[dict]:
    values = _moved(values, chosen, draw)
    form, result = _form(values, query["language"], chosen, draw), rewriting.printed(values, draw)
    if form and result:
        yield case_row(query, form[1], program, result, "rewritten", form[0], YES, "rewriting")


def _near_miss(query: dict, values: rewriting.Values, program: str | None, chosen: settings.Cases, draw: random.Random) -> Iterator[dict]:
    values = _moved(values, chosen, draw)
    if (form := _form(values, query["language"], chosen, draw)) is None:
        return
    names = draw.sample(list(rewriting.NEAR_MISSES), len(rewriting.NEAR_MISSES))
    if chosen.ordered and len(values) > 1 and draw.random() < _EXCHANGED:
        names.insert(0, "swapped_values")
    for name in names:
        other = rewriting.missed(name, values, form[0], draw, chosen.ordered)
        if other is not None and (result := rewriting.printed(other, draw)):
            yield case_row(query, form[1], program, result, "near_miss", name, NO, "rewriting") | {"form": form[0]}
            return


def case_row(query: dict, gold: str, program: str | None, result: str, origin: str, variant: str | None, label: str, by: str) -> dict:
    """A row of table `cases` but for its split; of the query its query_id, question and language are taken."""
    said = stream(query["question"], gold, program, result, label)
    return {
        "case_id": f"{query['query_id']}/{origin}/{said:016x}",
        "query_id": query["query_id"],
        "question": query["question"],
        "gold": gold,
        "program": program,
        "result": result,
        "ended": "ok",
        "origin": origin,
        "variant": variant,
        "language": query["language"],
        "answer_type": answer_type(gold),
        "label": label,
        "labelled_by": by,
    }


def _placed(row: dict, chosen: settings.Cases, seed: int) -> dict:
    """The row with its split. Forms that are held out are in no training case."""
    reference = references.same_text(row["gold"])
    form = row.pop("form", None) or (row["variant"] if row["origin"] == "rewritten" else None)  # attacks have names of their own
    sides = {share(seed, "question", row["query_id"]) < chosen.test_share, share(seed, "reference", reference) < chosen.test_share}
    split = "mixed" if len(sides) == 2 else "test" if sides == {True} else "train"
    return row | {"split": "mixed" if split == "train" and form in chosen.held_out_forms else split}


def _balanced(rows: list[dict], chosen: settings.Cases, seed: int) -> list[dict]:
    """As many YES as NO in each split and language; of all, at most `attack_share` attacks, the other NO being near and real misses."""
    kept = []
    for group in sorted({(row["split"], row["language"]) for row in rows}):
        own = sorted((row for row in rows if (row["split"], row["language"]) == group), key=lambda row: stream(seed, row["case_id"]))
        yes = [row for row in own if row["label"] == YES]
        attacked = [row for row in own if row["origin"] == "attack"]
        hard = [row for row in own if row["label"] == NO and row["origin"] != "attack"]
        share_of_no = 2 * chosen.attack_share
        size = min(len(yes), int(len(hard) / (1 - share_of_no)))
        attacked = attacked[: min(len(attacked), int(size * share_of_no))]
        hard = hard[: size - len(attacked)]
        kept += yes[: len(attacked) + len(hard)] + attacked + hard
    return kept
