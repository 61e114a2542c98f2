"""Adaptive sampling: the rounds, the certainty against an enumeration of its own, and that it never changes a decided label."""

import itertools
import math
import random

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support import results_tree as tree

from mathcode import settings, tables
from mathcode.configuration import make_judge
from mathcode.grading.grades import grade_rollouts
from mathcode.methods.autocode import adaptive, estimation
from mathcode.methods.autocode.form import FORM
from mathcode.methods.autocode.methodologies import DECIDING
from mathcode.methods.autocode.settings import Adaptive, Estimate

RULES = [Estimate(rule="prior_times_q", alpha=math.inf), Estimate(rule="q", alpha=math.inf)]
K = 4


@given(st.integers(0, 20), st.integers(1, 12), st.integers(1, 5), st.integers(1, 5))
def test_rounds_are_the_samples_in_order(start, count, first, step):
    made = adaptive.rounds(range(start, start + count), Adaptive(certainty=0.9, first=first, step=step))
    assert list(itertools.chain(*made)) == list(range(start, start + count))
    assert len(made[0]) == min(first, count)
    assert all(len(one) <= step for one in made[1:])


def label(native: tuple[int, int], cot: tuple[int, int], code: tuple[int, int], estimate: Estimate) -> str | None:
    """The label by hand, without the E-step; at a tie the higher Q-value, then CoT."""
    if not cot[1] or not code[1] or (estimate.rule != "q" and not native[1]) or not (cot[0] or code[0]):
        return None
    worth = {"cot": cot[0] / cot[1], "code": code[0] / code[1]}
    prior = native[0] / native[1] if native[1] else 0.0
    score = worth if estimate.rule == "q" else {"cot": (1 - prior) * worth["cot"], "code": prior * worth["code"]}
    if math.isclose(score["cot"], score["code"], abs_tol=1e-12):
        return "code" if worth["code"] > worth["cot"] + 1e-12 else "cot"
    return max(score, key=score.get)


def coming(yes: int, n: int, left: int, more: int) -> float:
    """Beta-binomial probability of so many more of the kind, by gamma functions."""

    def beta(a: float, b: float) -> float:
        return math.gamma(a) * math.gamma(b) / math.gamma(a + b)

    return math.comb(left, more) * beta(yes + more + 0.5, n - yes + left - more + 0.5) / beta(yes + 0.5, n - yes + 0.5)


counts = st.integers(0, K).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(counts, counts, counts, st.integers(1, 3), st.sampled_from(RULES))
@example((0, 2), (1, 2), (2, 2), 2, RULES[0])
def test_the_certainty_is_the_share_of_what_may_come(native, cot, code, left, estimate):
    row = {"query_id": "q", "n_native": native[1], "n_cot": cot[1], "n_code": code[1]}
    row |= {name: yes / n if n else None for name, (yes, n) in {"prior_code": native, "q_cot": cot, "q_code": code}.items()}
    found = adaptive.certainties(pl.DataFrame([row]), left, estimate).row(0, named=True)
    now = label(native, cot, code, estimate)
    expected = 0.0
    for more in itertools.product(range(left + 1), repeat=3):
        final = [(yes + one, n + left) for (yes, n), one in zip((native, cot, code), more, strict=True)]
        if label(*final, estimate) == now:
            expected += math.prod(coming(yes, n, left, one) for (yes, n), one in zip((native, cot, code), more, strict=True))
    assert found["label"] == now
    assert math.isclose(found["certainty"], expected, abs_tol=1e-9)


def recorded(seed: int) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Queries whose answer is 1, and K rollouts of each in every mode: some are always right, some never, some do not comply."""
    draw = random.Random(seed)
    names = [f"q{number:02d}" for number in range(30)]
    asked = pl.DataFrame([{"query_id": name, "dataset": "sums", "question": "How many?", "gold": "1"} for name in names])
    asked = asked.with_columns(
        pl.lit(None, dtype).alias(name) for name, dtype in tables.QUERIES.schema.items() if name not in asked.columns
    )
    able = {name: {mode: draw.choice([0.0, 0.3, 0.9, 1.0]) for mode in DECIDING} for name in names}

    def rollout(name: str, mode: str, sample: int) -> dict:
        chosen = "code" if mode == "code" or (mode == "native" and draw.random() < able[name]["native"]) else "cot"
        if draw.random() < 0.05:
            chosen = "code" if chosen == "cot" else "cot"
        return tree.grade(name, mode, chosen, draw.random() < able[name][mode], sample=sample)

    return asked, [tree.rollouts([rollout(name, mode, sample) for name in names for sample in range(K)]) for mode in DECIDING]


def labels(rollouts: list[pl.DataFrame], asked: pl.DataFrame, estimate: Estimate) -> dict[str, str | None]:
    told = adaptive.Told(certainty=0.9, estimate=estimate, judge="exact", grading=LIMITS)
    with make_judge(told.judge, told.grading) as judge:
        graded = grade_rollouts(pl.concat(rollouts), asked, judge, FORM, LIMITS)
    return dict(estimation.reference_strategy(estimation.estimate_q_values(graded), estimate, 1).select("query_id", "label").iter_rows())


LIMITS = settings.Grading(timeout=5.0, max_infrastructure_errors=0.01, extraction="autocode")


def sampled_adaptively(asked, rollouts, told) -> list[pl.DataFrame]:
    """What is sampled where a round finds the recorded rollouts."""

    def one_round(queries: pl.DataFrame, indices: range) -> list[pl.DataFrame]:
        return [frame.filter(pl.col("sample").is_in(list(indices))).join(queries, on="query_id", how="semi") for frame in rollouts]

    with make_judge(told.judge, told.grading) as judge:
        return adaptive.Rounds(told, judge).sample(asked, range(K), one_round)


@pytest.mark.parametrize("estimate", RULES, ids=["prior_times_q", "q"])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_certain_label_is_the_label_of_all_rollouts(seed, estimate):
    asked, rollouts = recorded(seed)
    told = adaptive.Told(certainty=1.0, first=1, estimate=estimate, judge="exact", grading=LIMITS)
    made = sampled_adaptively(asked, rollouts, told)
    for frame, whole in zip(made, rollouts, strict=True):
        assert frame.equals(whole.join(frame, on=["query_id", "sample"], how="semi").sort("query_id", "sample"))
    wanted = labels(rollouts, asked, estimate)
    assert labels(made, asked, estimate) == wanted
    assert 0 < sum(map(len, made)) < sum(map(len, rollouts))


def test_less_certainty_takes_fewer_rollouts_and_every_query_gets_the_first():
    asked, rollouts = recorded(3)
    taken = []
    for certainty in (0.6, 0.95, 1.0):
        told = adaptive.Told(certainty=certainty, first=2, estimate=RULES[0], judge="exact", grading=LIMITS)
        made = sampled_adaptively(asked, rollouts, told)
        assert all(frame.group_by("query_id").len()["len"].min() >= 2 and frame["query_id"].n_unique() == len(asked) for frame in made)
        taken.append(sum(map(len, made)))
    assert taken[0] < taken[1] <= taken[2]


def test_a_query_whose_prompt_is_too_long_is_not_asked_again():
    """It would never be decided: an empty response is CoT, so no rollout complies with code."""
    asked, rollouts = recorded(1)
    long = asked["query_id"][0]
    empty = pl.col("query_id") == long
    rollouts = [
        frame.with_columns(
            token_ids=pl.when(empty).then(pl.lit([], frame.schema["token_ids"])).otherwise("token_ids"),
            response=pl.when(empty).then(pl.lit("")).otherwise("response"),
            methodology=pl.when(empty).then(pl.lit("cot")).otherwise("methodology"),
        )
        for frame in rollouts
    ]
    told = adaptive.Told(certainty=1.0, first=2, estimate=RULES[0], judge="exact", grading=LIMITS)
    made = sampled_adaptively(asked, rollouts, told)
    assert [frame.filter(pl.col("query_id") == long).height for frame in made] == [2, 2, 2]
    assert max(frame.height for frame in made) > 2 * len(asked)


def test_no_query_is_no_round():
    asked, rollouts = recorded(1)
    told = adaptive.Told(certainty=0.9, estimate=RULES[0], judge="exact", grading=LIMITS)
    assert [frame.height for frame in sampled_adaptively(asked.clear(), [frame.clear() for frame in rollouts], told)] == [0, 0, 0]
