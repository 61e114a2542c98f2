"""Pairs: which programs may stand on which side, which of several does, and that the policy's own tokens are learned from."""

import json
import logging

import polars as pl
import pytest
from support.siam import graded, ran, rollouts, tiny_queries

import pair_programs
from mathcode import tables
from mathcode.methods.siam import asking, pairing
from mathcode.methods.siam.settings import Pair
from mathcode.policies import scratch

QUERIES = tiny_queries("q1", "q2", "q3", "q4")
END = 7


class Tokenizer:
    """Knows its end of text, and spells every other token as its number."""

    eos_token_id = END

    def __call__(self, text: str) -> dict:
        return {"input_ids": [ord(character) for character in text]}

    def decode(self, ids: list[int], skip_special_tokens: bool) -> str:
        return " ".join(str(token) for token in ids if token != END or not skip_special_tokens)


class Reading:
    needs_reference = False

    def __init__(self, reads: str):
        self.reads = reads

    def unreferenced(self, row: dict) -> int:
        return 0


def settings(**changes) -> Pair:
    usual = {"judge": "critic_small", "pool": "web3", "samples": 8, "chosen_from": 0.9, "rejected_to": 0.1}
    return Pair(**usual | {"sure": True, "chosen": "shortest", "per_question": 1} | changes)


def pair(rows, made=None, said=None, queries=QUERIES, seed=1, as_pairs=True, max_tokens=None, **changes) -> pl.DataFrame:
    made, said = (rollouts(rows) if made is None else made, graded(rows) if said is None else said)
    return pairing.pair(made, said, queries, "web3", settings(**changes), seed, Tokenizer(), as_pairs, max_tokens)


def parents(table: pl.DataFrame) -> list[str]:
    return [name for names in table["parents"] for name in names]


def scored(*rows: tuple, query: str = "q1") -> list[tuple]:
    """Rows of one query: what each program prints, and its score."""
    return [
        (query, number, ran(f"print({result!r}, {number})", f"{result}\n"), score >= 0.5, score)
        for number, (result, score) in enumerate(rows)
    ]


def of_length(rows, *lengths: int) -> pl.DataFrame:
    """Their rollouts, of so many written tokens each."""
    written = [[11] * length + [21] for length in lengths]
    generated = [[True] * length + [False] for length in lengths]
    kinds = {name: tables.ROLLOUTS.schema[name] for name in ("token_ids", "generated")}
    return rollouts(rows).with_columns(
        token_ids=pl.Series(written, dtype=kinds["token_ids"]), generated=pl.Series(generated, dtype=kinds["generated"])
    )


def test_a_pair_is_two_responses_in_the_policys_own_tokens(tmp_path):
    table = pair(scored(("5", 0.95), ("6", 0.05)))
    tables.TRAINING.write(table, tmp_path / "training.parquet")
    better, worse = table.iter_rows(named=True)
    assert (better["side"], better["kind"], better["loss"], better["pair_id"]) == ("chosen", "chosen", "pair", "q1:0")
    assert (worse["side"], worse["kind"], worse["loss"], worse["pair_id"]) == ("rejected", "rejected", "pair", "q1:0")
    assert [better["example_id"], worse["example_id"]] == ["q1:0:chosen", "q1:0:rejected"]
    for row in (better, worse):
        assert row["token_ids"] == [11, 12, 13, END]  # what was shown is not learned, the end that was taken back is
        assert row["loss_mask"] == [True] * 4
        assert (row["prompt"], row["response"], row["isolation"]) == ("asked\n", "11 12 13", "landlock")
    assert parents(table) == ["code:0", "code:1"]


def test_the_control_is_the_chosen_side_of_the_same_pairs():
    rows = scored(("5", 0.95), ("6", 0.05)) + scored(("5", 1.0), ("5", 0.97), query="q2")
    pairs, alone = pair(rows), pair(rows, as_pairs=False)
    chosen = pairs.filter(pl.col("side") == "chosen")
    assert alone["loss"].to_list() == ["likelihood"]
    assert alone["pair_id"].null_count() == alone["side"].null_count() == 1
    same = ("example_id", "query_id", "prompt", "response", "kind", "token_ids", "loss_mask", "parents")
    assert alone.select(same).equals(chosen.select(same))


@pytest.mark.parametrize("as_pairs", [True, False])
def test_a_pair_with_a_side_that_is_too_long_is_left_out_for_the_control_too(as_pairs, caplog):
    rows = scored(("5", 0.95), ("6", 0.05)) + scored(("5", 0.95), ("6", 0.05), query="q2")
    made = of_length(rows, 3, 3, 3, 4)
    prompt, end = len("asked\n"), 1
    assert {*pair(rows, made, as_pairs=as_pairs, max_tokens=prompt + 4 + end)["query_id"]} == {"q1", "q2"}
    assert {*pair(rows, made, as_pairs=as_pairs, max_tokens=prompt + 3 + end)["query_id"]} == {"q1"}
    with pytest.raises(pairing.PairingError, match="4 its pair is too long"):
        pair(rows, made, as_pairs=as_pairs, max_tokens=prompt + 3)


@pytest.mark.stage
def test_what_the_losses_demand_of_rows(pairs):
    from mathcode.training import examples  # with torch

    tokenizer = scratch.build_tokenizer(pairs["question"].to_list(), 120, [])
    rows = scored(("5", 0.95), ("6", 0.05)) + scored(("5", 0.95), ("6", 0.05), query="q2")
    shown = examples.from_table(pair(rows), None, tokenizer, Reading("pair"))
    assert [(one.pair, one.side) for one in shown] == [(0, 1), (0, 0), (1, 1), (1, 0)]
    assert len(examples.from_table(pair(rows, as_pairs=False), None, tokenizer, Reading("likelihood"))) == 2


@pytest.mark.parametrize(
    ("rejected", "changes", "is_pair"),
    [
        (("6", 0.05), {}, True),
        (("6", 0.2), {}, False),
        (("6", 0.2), {"rejected_to": 0.3}, True),
        (("about six", 0.05), {}, False),  # not surely different
        (("about six", 0.05), {"sure": False}, True),
        (("5", 0.05), {}, False),
        (("500", 0.05), {}, False),  # per cent may be meant
        (("x = 1\n6", 0.05), {}, True),  # the last line is the answer
    ],
)
def test_which_programs_are_rejected(rejected, changes, is_pair):
    rows = scored(("5", 0.95), rejected)
    if is_pair:
        assert parents(pair(rows, **changes)) == ["code:0", "code:1"]
    else:
        with pytest.raises(pairing.PairingError, match="web3: not one pair: none of 1 questions has both a chosen and a rejected program"):
            pair(rows, **changes)


def test_rules_score_one_and_zero():
    rows = [("q1", 0, ran("print(6)", "6\n"), False), ("q1", 1, ran("print(5)", "5\n"), True)]
    assert parents(pair(rows, chosen_from=1.0, rejected_to=0.0)) == ["code:1", "code:0"]


def test_a_response_that_did_not_end_itself_is_on_neither_side():
    rows = scored(("5", 0.95), ("6", 0.05))
    fence = asking.response("print(5)") + "\n```output"
    asked = [("q1", 0, ran("print(5)", "5\n", text=fence), True, 0.95), rows[1]]
    behind = rollouts(rows, generated=[True, False, False, False, True])
    for these, made in ((rows, rollouts(rows, finish_reason="length")), (asked, None), (rows, behind)):
        with pytest.raises(pairing.PairingError, match="the response did not end itself"):
            pair(these, made)


def test_a_failed_program_is_on_neither_side():
    rows = [*scored(("5", 0.95)), ("q1", 1, ran("print(1/0)", "6\n", "error"), False, 0.0)]
    with pytest.raises(pairing.PairingError, match="1 the program failed"):
        pair(rows)


def test_an_end_of_text_that_stands_there_is_not_doubled():
    rows = scored(("5", 0.95), ("6", 0.05))
    made = rollouts(rows, token_ids=[11, END], generated=[True, True], finish_reason="stop")
    assert pair(rows, made)["token_ids"].to_list() == [[11, END]] * 2


def test_which_of_several_is_chosen():
    rows = scored(("5", 0.95), ("5", 0.99), ("5", 0.9), ("6", 0.05), ("7", 0.05))
    made = of_length(rows, 5, 3, 8, 4, 4)
    assert parents(pair(rows, made))[0] == "code:1"
    assert parents(pair(rows, made, chosen="longest"))[0] == "code:2"
    drawn = [tuple(parents(pair(rows, made, chosen="random", seed=seed))) for seed in range(40)]
    assert {better for better, _ in drawn} == {"code:0", "code:1", "code:2"}
    assert {worse for _, worse in drawn} == {"code:3", "code:4"}
    assert {worse for _, worse in drawn[:1]} <= {parents(pair(rows[::-1], made.reverse(), chosen="random", seed=0))[1]}


def test_pairs_of_a_question_share_no_program():
    rows = scored(("5", 0.95), ("5", 0.99), ("5", 0.9), ("6", 0.05), ("7", 0.05))
    same = ("q1", 5, ran("print( '5',0 )", "5\n"), True, 0.95)
    table = pair([*rows, same], per_question=5)
    assert table["pair_id"].to_list() == ["q1:0", "q1:0", "q1:1", "q1:1"]  # as many as the smaller side
    assert len(set(parents(table))) == 4
    assert "code:5" not in parents(table)
    assert pair([*rows, same], per_question=1).height == 2


def test_a_program_is_not_paired_with_itself():
    rows = [("q1", 0, ran("import random\nprint(random.random())", "5\n"), True, 0.95)]
    rows += [("q1", 1, ran("import random as r\nprint(r.random())", "6\n"), False, 0.0)]
    with pytest.raises(pairing.PairingError, match="not one pair"):
        pair(rows)


def test_counts_are_told(caplog):
    rows = scored(("5", 0.95), ("6", 0.05), ("6", 0.5)) + scored(("5", 0.95), query="q2") + scored(("6", 0.05), query="q3")
    rows += [("q4", 0, [], False, 0.0)]
    with caplog.at_level(logging.INFO):
        pair(rows)
    assert "web3: programs neither chosen nor rejected: 1 no program, 1 the score lies between" in caplog.text
    told = "web3: 4 questions: 1 with both sides, 1 without a rejected, 1 without a chosen program, 1 without either; 1 pairs"
    assert told in caplog.text


@pytest.mark.parametrize("loss", ["dpo", "orpo", "likelihood"])
def test_the_program_pairs(tmp_path, loss, tiny_policy):
    rows = scored(("5", 0.95), ("6", 0.05))
    tables.ROLLOUTS.write(rollouts(rows), tmp_path / "rollouts.parquet")
    tables.GRADES.write(graded(rows), tmp_path / "grades.parquet")
    tables.QUERIES.write(QUERIES, tmp_path / "queries.parquet")
    words = [word for name in ("rollouts", "grades", "queries") for word in (f"--{name}", tmp_path / f"{name}.parquet")]
    words += ["--pool", "web3", "--model", tiny_policy, "--settings", json.dumps(settings().model_dump()), "--seed", 1]
    assert pair_programs.main([*map(str, words), "--loss", loss, "--out", str(tmp_path / "training.parquet")]) == 0
    written = tables.TRAINING.read(tmp_path / "training.parquet")
    assert written["loss"].to_list() == (["likelihood"] if loss == "likelihood" else ["pair", "pair"])


@pytest.mark.parametrize("outcome", ["gold_unparsed", "timed_out", "infrastructure_error"])
def test_what_a_judge_could_not_decide_is_not_rejected(outcome):
    """A rule that cannot read the reference, or ran out of time, refuses right programs too."""
    rows = scored(("35", 1.0), ("36", 0.0))
    assert pair(rows, sure=False)["side"].to_list() == ["chosen", "rejected"]
    undecided = pl.when(pl.col("outcome") == "wrong").then(pl.lit(outcome)).otherwise("outcome").alias("outcome")
    with pytest.raises(pairing.PairingError, match="1 the judge came to no verdict"):
        pair(rows, said=graded(rows).with_columns(undecided), sure=False)
