"""What the summary says of policies that try again."""

import polars as pl
import pytest
from support import results_tree as tree

from mathcode.methods.autocode.report import corrected
from mathcode.methods.autocode.report.plan import Plan

PLAN = Plan.model_validate(tree.plan())


def told(*tried: tuple[str, int, float | None, float | None]) -> corrected.Remark:
    """The remark on policies, each with responses that tried again of 1,500, and percent of these recovered and harmed."""
    place = {"family": next(iter(PLAN.families)), "benchmark": PLAN.benchmarks[0], "n": 500, "seeds": 3}
    rows = [
        place | {"experiment": name, "tried_again": again, "recovered": recovered, "harmed": harmed}
        for name, again, recovered, harmed in (("start", 9, 0.0, 100.0), *tried)
    ]
    return corrected.remark({"rounds": pl.DataFrame(rows, infer_schema_length=None)}, PLAN)


def test_where_nobody_tries_again_the_responses_are_counted():
    found = told(("main", 0, None, None), ("no_reflection", 0, None, None))
    assert found.text == "No trained policy corrects itself: of 3,000 responses in auto none makes a second attempt."
    assert not found.grave


@pytest.mark.parametrize(("recovered", "harmed", "grave"), [(0.5, 64.2, True), (40.0, 10.0, False)])
def test_a_policy_that_tries_again_is_named_with_what_becomes_of_it(recovered, harmed, grave):
    found = told(("main", 201, recovered, harmed), ("no_reflection", 0, None, None))
    became = f"{recovered:g} % of these end right after a wrong attempt, {harmed:g} % wrong after a right one."
    assert found.text.replace(".0 %", " %") == f"gsm8k: {PLAN.label('main')} tries again in 13.4 % of its responses in auto: {became}"
    assert (found.section, found.grave) == ("rounds", grave)


def test_a_place_without_second_attempts_speaks_for_itself_alone():
    plan = PLAN.model_copy(update={"families": PLAN.families | {"other": next(iter(PLAN.families.values()))}})
    row = {"experiment": "main", "n": 500, "seeds": 3, "recovered": 0.0, "harmed": 0.0}
    places = [(family, benchmark) for family in plan.families for benchmark in plan.benchmarks]
    rows = [
        row | {"family": family, "benchmark": benchmark, "tried_again": again}
        for (family, benchmark), again in zip(places, (0, 80, 0, 120), strict=True)
    ]
    text = corrected.remark({"rounds": pl.DataFrame(rows)}, plan).text
    none = "of 1,500 responses in auto of trained policies none makes a second attempt, of all others 200 do."
    assert text == f"Qwen2-Math-7B, gsm8k: {none}"


def test_of_many_those_that_try_again_most_are_named(monkeypatch):
    monkeypatch.setattr(corrected, "NAMED", 1)
    names = [name for name in PLAN.experiments if name != "start"][:3]
    found = told(*((name, 10 * (place + 1), 50.0, 0.0) for place, name in enumerate(names)))
    assert [f"{PLAN.label(name)} tries" in found.text for name in names] == [False, False, True]
    assert found.text.endswith("; so do 2 more.")
