"""Selection: which programs of a policy are kept, when two are one, and how types of questions are balanced."""

import json

import polars as pl
import pytest
from support.siam import graded, ran, rollouts, tiny_queries

import select_programs
from mathcode import tables
from mathcode.methods.siam import candidates, selection
from mathcode.methods.siam.settings import Select
from mathcode.methods.siam.tables import ACCEPTED

QUERIES = tiny_queries("q1", "q2", "q3")
RULE = {"judge": "exact", "threshold": 0.5, "per_question": 4, "keep": "accepted", "pool": None, "balance": "none", "rows": None}


def select(explored, queries=QUERIES, seed=1, **changes) -> pl.DataFrame:
    return selection.select(rollouts(explored), graded(explored), queries, "web1", Select(**RULE | changes), seed)


def programs(explored, **changes) -> list[str]:
    return select(explored, **changes)["program"].to_list()


# When two programs are one


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a = 1\nprint(a + 2)", "total  =  1 # a comment\n\nprint( total+2 )"),
        ("def f(x):\n    return x\nprint(f(2))", "def double(y):\n  return y\nprint(double(2))"),
        ("import math\nprint(math.pi)", "import math as m\nprint(m.pi)"),
        ("from math import sqrt\nprint(sqrt(4))", "from math import sqrt as root\nprint(root(4))"),
        ("print([x for x in range(3)])", "print([item for item in range(3)])"),
        ("try:\n    print(1)\nexcept ValueError as e:\n    print(e)", "try:\n    print(1)\nexcept ValueError as why:\n    print(why)"),
        ("x = 1\ndef f():\n    global x\n    x = 2\nprint(x)", "z = 1\ndef g():\n    global z\n    z = 2\nprint(z)"),
        ("match 3:\n    case [a, *b]: print(a)\n    case c: print(c)", "match 3:\n    case [p, *q]: print(p)\n    case r: print(r)"),
        ("x = = = 1", "x===1"),
    ],
)
def test_names_and_blanks_make_no_difference(one, other):
    assert candidates.form(one) == candidates.form(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a = 1\nprint(a + 2)", "a = 1\nprint(a + 3)"),
        ("a = 2\nb = 1\nprint(a - b)", "a = 2\nb = 1\nprint(b - a)"),
        ("print(min(1, 2))", "print(max(1, 2))"),  # not names of the program
        ("import math\nprint(math.pi)", "import math\nprint(math.e)"),
        ("import math\nprint(math.pi)", "import cmath\nprint(cmath.pi)"),
        ("print(1)", "print('1')"),
        ("x = = 1", "y = = 1"),  # no Python: names are not known
        ("print(0.1 + 0.2)", "print(0.1 + 0.20001)"),
    ],
)
def test_all_else_does(one, other):
    assert candidates.form(one) != candidates.form(other)


def test_a_text_no_parser_takes_has_a_form():
    assert candidates.form("print(1)\0") == "print(1)\0"
    assert candidates.form("(" * 3000) == "(" * 3000
    deep = "print(" + "-" * 5000 + "1)"
    assert candidates.form(deep) == candidates.form(deep + " ")


# What is a candidate


def test_a_program_counts_if_it_ran_alone_ended_well_and_printed():
    rows = [
        ("q1", 0, ran("print(1)", "1\n"), True),
        ("q1", 1, ran("print(2)", "2\n", "error"), True),
        ("q1", 2, ran("print()", "\n"), True),
        ("q1", 3, [], True),
        ("q1", 4, [*ran("a = 3", ""), *ran("print(a)", "3\n")], True),  # the second alone would fail
        ("q1", 5, ran("print(6)", "6\n", "infrastructure_error"), True),
        ("q1", 6, ran("print('''\n```\n''')", "```\n"), True),  # a response of it would be read as another program
        ("q1", 7, ran("print(8)", None), True),
    ]
    assert programs(rows) == ["print(1)"]
    _, without = candidates.candidates(rollouts(rows), graded(rows), QUERIES)
    assert without == {
        "the program failed": 2,
        "nothing was printed": 2,
        "no program": 1,
        "several programs": 1,
        "a fence in the program": 1,
    }
    assert candidates.told(without).startswith("2 nothing was printed, 2 the program failed, 1 a fence")


def test_a_program_beside_another_answer_is_none():
    """ "The answer is 5." before a program that prints 6: the verdict is on 5."""
    rows = [("q1", 0, ran("print(1)", "1\n"), True), ("q1", 1, ran("print(2)", "2\n"), True)]
    grades = graded(rows).with_columns(code_decides=pl.col("sample") == 1)
    found, without = candidates.candidates(rollouts(rows), grades, QUERIES)
    assert [one.program for one in found] == ["print(2)"]
    assert without == {"another answer beside the program's": 1}


def test_a_row_repeats_what_is_known_of_it():
    (row,) = select([("q2", 3, ran("print(5)", "5\n"), True)]).iter_rows(named=True)
    assert row == {
        "query_id": "q2",
        "question": "Question q2?",
        "type": "sums",
        "language": "en",
        "pool": "web1",
        "sample": 3,
        "program": "print(5)",
        "result": "5\n",
        "judge": "test",
        "score": None,
        "isolation": "landlock",
    }


def test_grades_need_not_be_in_order_and_each_rollout_needs_one():
    rows = [("q1", number, ran(f"print({number})", "1\n"), number == 2) for number in range(4)]
    chosen = Select(**RULE)
    found = selection.select(rollouts(rows), graded(rows[::-1]), QUERIES, "web1", chosen, 1)
    assert found["sample"].to_list() == [2]
    with pytest.raises(candidates.CandidateError, match=r"rollout 3 of query 'q1' \(mode code\) has no grade"):
        selection.select(rollouts(rows), graded(rows[:3]), QUERIES, "web1", chosen, 1)
    with pytest.raises(candidates.CandidateError, match="has no query in the tables of queries"):
        selection.select(rollouts(rows), graded(rows), QUERIES.filter(pl.col("query_id") != "q1"), "web1", chosen, 1)


# What is accepted


def test_a_critic_accepts_by_its_score_and_a_rule_by_its_verdict():
    scored = [("q1", number, ran(f"print({number})", "1\n"), accepted, score) for number, (accepted, score) in enumerate(CRITIC)]
    assert select(scored, threshold=0.7)["sample"].to_list() == [1, 2]
    assert select(scored, threshold=0.7)["score"].to_list() == [0.7, 0.9]
    ruled = [("q1", 0, ran("print(0)", "1\n"), False), ("q1", 1, ran("print(1)", "1\n"), True)]
    assert select(ruled, threshold=1.0)["sample"].to_list() == [1]


CRITIC = [(True, 0.6), (True, 0.7), (False, 0.9), (False, None)]  # the last: a critic that could not be asked


def test_distinct_programs_of_a_question_up_to_the_limit_by_sample():
    names = ["print(7)", "print( 7 )", "a=7\nprint(a)", "b = 7\nprint(b)", "print(3+4)", "print(14/2)"]
    rows = [("q1", number, ran(program, "7\n"), True) for number, program in enumerate(names)]
    assert programs(rows[::-1], per_question=3) == ["print(7)", "a=7\nprint(a)", "print(3+4)"]
    assert len(programs(rows)) == 4
    assert len(programs([*rows, ("q2", 0, ran("print(7)", "7\n"), True)])) == 5  # another question


def test_a_cap_draws_by_hash_whatever_the_order():
    rows = [(f"q{number % 3 + 1}", number, ran(f"print({number})", "1\n"), True) for number in range(12)]
    kept = select(rows, rows=5)
    assert kept.height == 5
    assert kept.equals(kept.sort("query_id", "sample"))
    assert kept.equals(select(rows[::-1], rows=5))
    assert not kept.equals(select(rows, rows=5, seed=2))
    assert set(kept["program"]) < set(select(rows, rows=6)["program"])
    assert select(rows, rows=100).height == 12


def test_nothing_accepted_is_an_empty_table_and_a_warning(tmp_path, caplog):
    found = select([("q1", 0, ran("print(1)", "1\n"), False)])
    assert "web1: not one program is accepted" in caplog.text
    ACCEPTED.write(found, tmp_path / "accepted.parquet")
    assert ACCEPTED.read(tmp_path / "accepted.parquet", allow_empty=True).is_empty()


def test_every_type_weighs_the_same():
    queries = tiny_queries("a", "b", "c", "d", types=["sums", "sums", "sums", None])
    rows = [(query, 0, ran(f"print({number})", "1\n"), True) for number, query in enumerate("abcd")]
    found = select(rows, queries)
    weights = selection.weights([found[:1], found[1:]])
    assert weights == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2.0])
    assert sum(weights) / 4 == pytest.approx(1)
    assert selection.weights([]) == []


def test_the_program_selects(tmp_path):
    rows = [("q1", 0, ran("print(1)", "1\n"), True, 0.9), ("q1", 1, ran("print(2)", "2\n"), False, 0.2)]
    tables.ROLLOUTS.write(rollouts(rows), tmp_path / "rollouts.parquet")
    tables.GRADES.write(graded(rows), tmp_path / "grades.parquet")
    tables.QUERIES.write(QUERIES, tmp_path / "queries.parquet")
    words = [word for name in ("rollouts", "grades", "queries") for word in (f"--{name}", str(tmp_path / f"{name}.parquet"))]
    words += ["--pool", "web2", "--settings", json.dumps(RULE), "--seed", "1", "--out", str(tmp_path / "accepted.parquet")]
    assert select_programs.main(words) == 0
    assert ACCEPTED.read(tmp_path / "accepted.parquet").select("pool", "program", "score").rows() == [("web2", "print(1)", 0.9)]
