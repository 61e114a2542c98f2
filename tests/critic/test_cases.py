"""Cases: labels that are sure, splits that share nothing, balance, and nothing but stable ids behind the draws."""

import polars as pl
import pytest

from mathcode import settings, tables
from mathcode.critic import cases, rewriting
from mathcode.critic.answer_types import answer_type
from mathcode.grading.exact import quick_verdict


def accepts(some) -> list[bool]:
    return [case.answer is not None and quick_verdict(case.gold, case.answer) == "equal" for case in some]


@pytest.fixture(scope="module")
def queries() -> pl.DataFrame:
    golds = ["35", "1.25", "(16, 11)", "Tuesday", "\\frac{2}{3}", "40%"]
    asked = [(f"Question {n}?", "en") if n % 4 else (f"第{n}题？", "zh") for n in range(48)]
    rows = [(f"q{n}", "d", question, golds[n % 6], None, None, language, None) for n, (question, language) in enumerate(asked)]
    return pl.DataFrame(rows, schema=tables.QUERIES.schema, orient="row")


def rollouts(rows) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rollouts and grades of (query_id, program, result, how it ended, outcome)."""
    made, graded = [], []
    for sample, (query_id, program, result, ended, outcome) in enumerate(rows):
        round_ = {"text": "", "program": program, "output": result, "result": result, "error": None, "outcome": ended}
        key = {"query_id": query_id, "mode": "code", "sample": sample}
        made.append(dict.fromkeys(tables.ROLLOUTS.columns) | key | {"rounds": [round_]})
        graded.append(dict.fromkeys(tables.GRADES.columns) | key | {"outcome": outcome, "code_decides": True})
    return pl.DataFrame(made, schema=tables.ROLLOUTS.schema), pl.DataFrame(graded, schema=tables.GRADES.schema)


ROWS = [
    ("q0", "print(35)", "35\n", "ok", "correct"),
    ("q0", "print(36)", "36\n", "ok", "wrong"),
    ("q0", "print(3500)", "3500\n", "ok", "wrong"),  # a factor of a hundred: per cent may be meant
    ("q0", "print(1/0)", None, "error", "wrong"),
    ("q1", "print('no')", "no\n", "ok", "wrong"),  # not surely different
    ("q3", "print(2)", "2\n", "ok", "wrong"),  # words
]


def build(queries, seed=1, rows=ROWS, **changes) -> pl.DataFrame:
    return cases.build(queries, [rollouts(rows)], settings.Cases(**{"balanced": False, **changes}), seed, accepts)


def test_only_sure_rollouts_become_cases(queries):
    found = build(queries, rewritten=0, near_misses=0, attacks=0)
    assert found.select("query_id", "program", "label", "labelled_by").rows() == [
        ("q0", *rest)
        for rest in sorted([("print(35)", "YES", "exact"), ("print(36)", "NO", "numbers")], key=lambda row: row[0] != found["program"][0])
    ]


def test_a_verdict_on_a_sentence_labels_no_program(queries):
    made, graded = rollouts([("q0", "print(36)", "36\n", "ok", "wrong"), ("q0", "print(35)", "35\n", "ok", "correct")])
    chosen = settings.Cases(balanced=False, rewritten=0, near_misses=0, attacks=0)
    assert cases.build(queries, [(made, graded)], chosen, 1, accepts).height == 2
    with pytest.raises(cases.CasesError, match="no rollout is surely right or wrong"):
        cases.build(queries, [(made, graded.with_columns(code_decides=pl.lit(False)))], chosen, 1, accepts)


def test_rollouts_of_two_policies_keep_their_own_grades(queries):
    """Both number their rollouts from 0, so their grades have the same keys."""
    wrong, right = ("q0", "print(12)", "12\n", "ok", "wrong"), ("q0", "print(35)", "35\n", "ok", "correct")
    for both in ([wrong], [right]), ([right], [wrong]):
        chosen = settings.Cases(balanced=False, rewritten=0, near_misses=0, attacks=0)
        found = cases.build(queries, [rollouts(rows) for rows in both], chosen, 1, accepts)
        assert {*found.select("program", "label").rows()} == {("print(12)", "NO"), ("print(35)", "YES")}


@pytest.mark.parametrize(
    ("gold", "result", "sure"),
    [
        ("35", "36", True),
        ("35", "-35", True),
        ("35", "0.35", False),
        ("35", "3500", False),
        ("0.33", "0.3333", False),  # rounded to the reference's decimals
        ("0.33", "0.34", True),
        ("50%", "0.5", False),
        ("35", "35 36", False),
        ("x+1", "2", False),
        ("thirty", "31", False),
        ("三十五元", "36", True),
        ("2 hours", "120", False),  # minutes
        ("2 hours", "121", True),
        ("2 hours", "-2", True),
        ("The trip takes 2 hours.", "120", False),
        ("1.5千米", "1500", False),
        ("1.5千米", "1.6", True),
        ("1小时", "60", False),
        ("需要1小时。", "3600", False),
        ("36 km/h", "10", False),  # metres a second
        ("36 km/h", "11", True),
        ("3 m^2", "30000", False),
        ("$2\\text{ hours}$", "120", False),
        ("35 apples", "2100", True),
        ("5元", "50", False),  # 角
    ],
)
def test_surely_different(gold, result, sure):
    assert cases.surely_different(gold, result) is sure


def test_labels_hold(queries):
    found = build(queries, attacks=50)
    assert {*found["origin"]} == {"rollout", "rewritten", "near_miss", "attack"}
    assert found.filter(pl.col("origin") == "rewritten")["label"].unique().to_list() == ["YES"]
    assert found.filter(pl.col("origin").is_in(["near_miss", "attack"]))["label"].unique().to_list() == ["NO"]
    doubtful = found.filter(pl.col("label") == "NO")
    assert not any(accepts([cases.as_case(row) for row in doubtful.iter_rows(named=True)]))
    assert {*found["language"]} == {"en", "zh"}
    tables.CASES._checked(found, "cases")


def test_no_training_case_shares_its_question_or_its_reference_with_a_test_case(queries):
    found = build(queries, rewritten=20, near_misses=20, test_share=0.3, moved=0.7)
    train, test = (found.filter(pl.col("split") == split) for split in ("train", "test"))
    assert min(train.height, test.height) > 10
    assert not {*train["query_id"]} & {*test["query_id"]}
    assert not {*train["gold"]} & {*test["gold"]}


def test_balance(queries):
    found = build(queries, rewritten=20, near_misses=20, attacks=50, balanced=True, attack_share=0.08)
    for _, group in found.group_by("split", "language"):
        yes = (group["label"] == "YES").sum()
        assert yes * 2 == group.height
        attacked = (group["origin"] == "attack").sum()
        assert attacked <= 0.08 * group.height + 1
        assert attacked * 2 <= group.height - yes  # hard ones are half at least
    assert (found["origin"] == "attack").sum() > 10


def test_forms_that_are_held_out_are_in_no_training_case(queries):
    held_out = ["plain", "words", "numerals_zh", "several_and"]
    found = build(queries, rewritten=20, near_misses=0, held_out_forms=held_out)
    assert not {*held_out} & {*found.filter(pl.col("split") == "train")["variant"]}
    assert {*held_out} & {*found.filter(pl.col("split") != "train")["variant"]}
    with pytest.raises(cases.CasesError, match="unknown form 'nonsense'"):
        build(queries, held_out_forms=["nonsense"])


def test_neither_order_nor_company_matters(queries):
    whole = build(queries, rows=[], attacks=5)
    shuffled = build(queries.sample(fraction=1, shuffle=True, seed=3), rows=[], attacks=5)
    assert whole.equals(shuffled)
    assert not whole.equals(build(queries, rows=[], seed=2, attacks=5))
    made = pl.col("origin") != "attack"  # an attack may name another question's reference
    half = build(queries.filter(pl.col("query_id") < "q3"), rows=[], attacks=5).filter(made)
    assert half.equals(whole.filter(pl.col("query_id") < "q3").filter(made))


def test_moved_cases_leave_the_reference_alone(queries):
    one = queries.head(1)
    still, moved = (build(one, rows=[], rewritten=30, near_misses=0, attacks=0, moved=share) for share in (0.0, 1.0))
    assert all("35" in result for result in still["result"])
    assert len({*moved["result"]}) > 10
    assert {*moved["query_id"]} == {"q0"}
    assert rewriting.values_of("35") == (35,)


def test_the_judge_is_asked_where_numbers_do_not_decide(queries):
    asked = []
    rows = cases.build(
        queries,
        [],
        settings.Cases(balanced=False, near_misses=20),
        1,
        lambda some: [asked.append(case) or False for case in some],
    )
    assert 0 < len(asked) < rows.filter(pl.col("label") == "NO").height
    assert not any(cases._numbers_decide(case.gold, case.result) for case in asked)


def test_moved_cases_may_be_of_any_kind(queries):
    one = queries.head(1)
    kept, mixed = (build(one, rows=[], rewritten=300, near_misses=0, attacks=0, moved=1.0, moved_kinds=kinds) for kinds in (False, True))
    assert not {"fraction", "several_zh"} & {*kept["variant"]}
    assert {"fraction", "several_zh", "words"} <= {*mixed["variant"]}


@pytest.mark.parametrize("ordered", [True, False])
def test_exchanged_values_miss_where_they_have_an_order(queries, ordered):
    pairs = queries.filter(pl.col("gold") == "(16, 11)")
    found = build(pairs, rows=[], rewritten=0, near_misses=60, attacks=0, ordered=ordered)
    exchanged = found.filter(pl.col("variant") == "swapped_values")["gold"].to_list()
    assert exchanged
    assert any(gold in ("16 and 11", "十六和十一") for gold in exchanged) is ordered


def test_a_rollout_without_a_grade_and_nothing_to_make_are_refused(queries):
    made, graded = rollouts(ROWS)
    with pytest.raises(cases.CasesError, match=r"rollout 0 of query 'q0' \(mode code\) has no grade"):
        cases.build(queries, [(made, graded.clear())], settings.Cases(), 1, accepts)
    words = queries.filter(pl.col("gold") == "Tuesday")
    with pytest.raises(cases.CasesError, match="no case can be made"):
        build(words, rows=[], attacks=0)


@pytest.mark.parametrize(
    ("gold", "kind"),
    [
        ("thirty-five", "text"),
        ("seventy-six years", "text"),
        ("twenty-one and thirty-two", "text"),
        ("35", "integer"),
        ("3 right-angled triangles", "integer"),
        ("x-y", "expression"),
        ("2-x", "expression"),
        ("a - b", "expression"),
        ("ab-c", "expression"),
        ("seven - x", "expression"),
    ],
)
def test_a_hyphen_between_words_is_no_minus(gold, kind):
    assert answer_type(gold) == kind
