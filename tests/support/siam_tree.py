"""A small synthetic results tree of a run of SIaM: what a finished run leaves for tables and figures. No model, no sampling; no chance.

Every policy answers the first so many items of a part right, so that all accuracies and differences are known.
"""

import json
from pathlib import Path

import polars as pl

from mathcode import paths, tables
from mathcode.methods.siam.tables import ACCEPTED
from support import results_tree as shared

ITEMS = 20
"""Items of each part."""
PARTS = ("seed", "outside", "reworded", "harder")
SAMPLES = 2
RIGHT = {
    "base": (12, 4, 6, 5),
    "seeded": (17, 4, 7, 6),
    "start": (18, 4, 8, 6),
    "main/1": (19, 16, 14, 7),
    "main/2": (19, 19, 15, 7),
    "rule/1": (19, 12, 12, 6),
    "rule/2": (19, 13, 12, 6),
    "in_domain/1": (20, 4, 7, 4),
    "in_domain/2": (20, 5, 7, 4),
    "seed_only/1": (19, 3, 6, 4),
    "seed_only/2": (19, 3, 6, 4),
    "main/1/dpo0": (19, 17, 15, 7),
    "main/1/dpo1": (19, 17, 15, 7),
    "main/1/orpo": (19, 17, 15, 7),
    "main/1/chosen": (19, 18, 15, 7),
}
"""Right items of each part, in the order of PARTS."""


def plan(**changes) -> dict:
    """A plan with every experiment and preference that tables know by name."""
    made = {
        "families": {"tiny": {"label": "tiny", "published": {}}},
        "experiments": {"main": "critic", "rule": "strict rule", "in_domain": "in-domain data", "seed_only": "seed alone"},
        "seeds": [1],
        "iterations": 2,
        "benchmarks": ["forms_tests"],
        "sft": ["forms_seed"],
        "preferences": {"dpo0": "DPO, lambda 0", "dpo1": "DPO, lambda 1", "orpo": "ORPO", "chosen": "SFT on the chosen"},
        "aligned": 1,
        "judges": ["oracle", "exact", "critic_main"],
        "critics": {"main": "critic"},
        "critic_lines": {"main": ["main"]},
        "case_sets": {"test": "held-out questions"},
        "case_judges": ["exact", "lenient", "critic_main", "cascade_main"],
        "filters": {"main": "critic_main", "rule": "exact"},
        "thresholds": {"main": 0.5, "rule": 0.5},
        "web": ["forms_web1", "forms_web2"],
        "losses": {"dpo0": "dpo", "dpo1": "dpo", "orpo": "orpo", "chosen": "likelihood"},
        "likelihood_terms": {
            "dpo0": {"beta": 0.1, "length_normalised": False, "likelihood_weight": 0.0, "likelihood_normalisation": "mean"},
            "dpo1": {"beta": 0.1, "length_normalised": False, "likelihood_weight": 1.0, "likelihood_normalisation": "mean"},
            "orpo": {"odds_weight": 0.1, "likelihood_weight": 1.0, "likelihood_normalisation": "mean"},
            "chosen": {},
        },
    } | changes
    pairs = {
        str(paths.Policy("main", family, seed, made["aligned"], name)): ["web3", "critic_main"]
        for family in made["families"]
        for seed in made["seeds"]
        for name in made["preferences"]
    }
    return {"pools": _pools(made), "pair_pools": pairs} | made


def _pools(made: dict) -> dict[str, list[str]]:
    found = {}
    for family in made["families"]:
        for seed in made["seeds"]:
            found[f"start/{family}/seed{seed}"] = [f"seeded/{family}/seed{seed}", "seed_set", "exact"]
            for experiment, judge in made["filters"].items():
                for number in range(1, made["iterations"] + 1):
                    policy = paths.Policy(experiment, family, seed, number)
                    found[str(policy)] = [str(policy.before), f"web{number}", judge]
    return found


def benchmark(name: str) -> pl.DataFrame:
    """Items of four parts with families of questions; of any other name than forms_tests forty items without parts."""
    if name != "forms_tests":
        return shared.benchmark(name)
    rows = []
    for part in PARTS:
        for number in range(ITEMS):
            kind = ("left" if number % 2 else "bill") if part == "seed" else ("clock" if number % 2 else "fence")
            gold = "two hours" if kind == "clock" else str(number)
            key = {"query_id": f"{part}-{number:02d}", "dataset": name, "question": f"{part} question {number}"}
            rows.append({**key, "gold": gold, "level": part, "type": kind})
    return pl.DataFrame(rows, schema=tables.QUERIES.schema).with_columns(language=pl.lit("en"))


def build(root: Path, chosen: dict) -> Path:
    """Write data/ and results/test below `root` for a plan; returns the run's folder."""
    run = root / "results" / "test"
    for name in chosen["benchmarks"]:
        tables.QUERIES.write(benchmark(name), root / "data" / "benchmarks" / f"{name}.parquet")
        for use in ("queries", "sft"):
            items = [{"dataset": "pool", "use": use, "benchmark": name, "query_id": "seed-00", "overlap": "exact"}]
            _write(items, run / paths.overlap_items(use, name), tables.OVERLAP_ITEMS)
    for seed in chosen["seeds"]:
        for critic in chosen["critics"]:
            taught(run, critic, seed, ["1", "35"])
        for family in chosen["families"]:
            _policies(run, chosen, family, seed)
            _selections(run, chosen, family, seed)
        for case_set in chosen["case_sets"]:
            cases(run, case_set, seed, chosen["case_judges"])
    return run


def benchmarks(root: Path, chosen: dict) -> list[str]:
    """Tables of the benchmarks, as programs are told them."""
    return [str(root / "data" / "benchmarks" / f"{name}.parquet") for name in chosen["benchmarks"]]


def _write(rows: list[dict], path: Path, table) -> None:
    table.write(pl.DataFrame(rows, schema=table.schema), path)


def _policies(run: Path, chosen: dict, family: str, seed: int) -> None:
    """Grades by every judge, greedy and sampled responses. The exact rule refuses every fourth right answer, the critic every tenth."""
    trained = [(name, number) for name in chosen["experiments"] for number in range(1, chosen["iterations"] + 1)]
    policies = [paths.Policy(kind, family, seed) for kind in ("base", "seeded", "start")]
    policies += [paths.Policy(name, family, seed, number) for name, number in trained]
    before = paths.Policy("main", family, seed, chosen["aligned"])
    policies += [paths.Policy("main", family, seed, before.iteration, preference) for preference in chosen["preferences"]]
    for policy in policies:
        name = "/".join([policy.experiment, *([str(policy.iteration)] if policy.iteration else []), policy.preference]).rstrip("/")
        for asked in chosen["benchmarks"]:
            _evaluate(run, policy, name, asked, chosen["judges"])
        if policy.preference:
            _pairs(run, policy)
            asked = [(f"web3-{number:03d}", sample) for number in range(6) for sample in range(2)]
            rows = [shared.grade(query, "code", "code", not sample or query == "web3-000", sample=sample) for query, sample in asked]
            _write(rows, run / paths.rollout_grades(policy.before, "code", chosen["judges"][0], "web3"), tables.GRADES)
        if policy.experiment in (*chosen["experiments"], "start"):
            parts = _PARTS.get(policy.preference, {})
            _write([_log_row(step, parts) for step in range(1, 13)], run / paths.of_policy(policy, "training_log"), tables.TRAINING_LOG)


_PARTS = {
    "dpo0": {"preferred": 0.9, "margin": 1.5, "chosen_reward": -0.2, "rejected_reward": -1.7}
    | {"chosen_logprob": -6.5, "rejected_logprob": -9.25, "likelihood_loss": 0.4},
    "dpo1": {"preferred": 0.8, "margin": 1.0, "chosen_reward": 0.1, "rejected_reward": -0.9, "likelihood_loss": 0.2},
    "orpo": {"preferred": 0.7, "margin": 0.5, "likelihood_loss": 0.3},
}


def _log_row(step: int, parts: dict[str, float]) -> dict:
    numbers = {"step": step, "epoch": step / 4, "loss": 0.5, "learning_rate": 1e-3, "gradient_norm": 1.0, "tokens": 100, "responses": 8}
    return numbers | {"parts": [{"name": name, "value": value} for name, value in parts.items()]}


def _pairs(run: Path, policy: paths.Policy) -> None:
    rows = []
    for number in range(6):
        for side in ("chosen", "rejected"):
            row = dict.fromkeys(tables.TRAINING.columns) | {"example_id": f"q{number}/{side}", "query_id": f"q{number}", "side": side}
            texts = {"prompt": "q", "response": "r", "kind": "pair", "loss": "pair", "pair_id": f"q{number}"}
            made_of = {"parents": [f"code:{int(side == 'rejected')}"]}
            rows.append(row | texts | {"query_id": f"web3-{number:03d}", "token_ids": [1], "loss_mask": [True], **made_of})
    _write(rows, run / paths.of_policy(policy, "training"), tables.TRAINING)


def _evaluate(run: Path, policy: paths.Policy, name: str, asked: str, judges: list[str]) -> None:
    items = benchmark(asked)["query_id"].to_list()
    right = dict(zip(PARTS, RIGHT[name], strict=True))
    able = {item: int(item.split("-")[1]) < right.get(item.split("-")[0], 20) for item in items}
    truth = [shared.grade(item, "code", "code", able[item], attempts=1, programs_failed=0) | _bad(policy, item) for item in items]
    for judge in judges:
        step = {"exact": 4, "critic_main": 10}.get(judge, 0)
        said = [_refused(row) if step and number % step == 0 else row for number, row in enumerate(truth)]
        _write(said, run / paths.response_grades(policy, "code", asked, judge), tables.GRADES)
    responses = [_response(row, "code", 0, 16 + (policy.preference != ""), BAD_ENDS.get(_number(row["query_id"]))) for row in truth]
    _write(responses, run / paths.responses(policy, "code", asked), tables.ROLLOUTS)
    tokens = {"dpo0": 24, "dpo1": 18, "orpo": 19}.get(policy.preference, 18)
    sampled = [_response(row, "code_sampled", sample, tokens + number % 3) for number, row in enumerate(truth) for sample in range(SAMPLES)]
    if policy.preference == "dpo0":
        sampled = [_cut(row) if row["query_id"].endswith("-07") and row["sample"] else row for row in sampled]
    _write(sampled, run / paths.responses(policy, "code_sampled", asked), tables.ROLLOUTS)


BAD_ENDS = {16: "ok", 17: "timed_out", 18: "error", 19: "memory"}
"""How programs of the base end on items that nobody answers; the first of them prints nothing."""


def _number(item: str) -> int:
    return int(item.rpartition("-")[2])


def _bad(policy: paths.Policy, item: str) -> dict:
    """What a grade says of such a response."""
    if policy.experiment != "base" or _number(item) not in BAD_ENDS:
        return {}
    return {"outcome": "no_answer", "answer": None, "programs_failed": int(BAD_ENDS[_number(item)] != "ok")}


def _refused(row: dict) -> dict:
    return row | ({"strict": False, "lenient": False, "outcome": "wrong"} if row["strict"] else {})


def _response(row: dict, mode: str, sample: int, tokens: int, ended: str | None = None) -> dict:
    """One program, which ran when the model had ended: its end of text was taken back, so a token less is there."""
    made = shared.rollouts([row]).to_dicts()[0] | {"mode": mode, "sample": sample, "finish_reason": "calls"}
    ran = made["rounds"][0] | {"text": "```python\nprint(1)\n```"}
    if row["outcome"] == "no_answer":
        ran |= {"outcome": ended, "result": None, "output": ""}
    written = tokens - 1
    return made | {"rounds": [ran], "token_ids": [1] * written, "generated": [True] * written, "logprobs": [-0.5] * written}


def _cut(response: dict) -> dict:
    """The same number of tokens, without an end: at the limit."""
    written = len(response["token_ids"]) + 1
    return response | {"finish_reason": "length", "token_ids": [1] * written, "generated": [True] * written, "logprobs": [-0.5] * written}


def _selections(run: Path, chosen: dict, family: str, seed: int) -> None:
    """50 questions x 2 programs; the critic accepts 40 of which 38 are right, the rule 20 right ones; 48 are right in all."""
    for policy, (explorer, pool, judge) in chosen["pools"].items():
        if f"/{family}/seed{seed}" not in policy:
            continue
        queries = shared.benchmark(pool, 50).with_columns(language=pl.lit("en"), type=pl.lit("clock"))
        tables.QUERIES.write(queries, run / paths.data(pool))
        keys = [(query, sample) for query in queries["query_id"] for sample in range(SAMPLES)]
        truth = {key: number < 48 for number, key in enumerate(keys)}
        taken = {key: number < 20 if judge == "exact" else 10 <= number < 50 for number, key in enumerate(keys)}
        for name, said in {judge: taken, "oracle": truth, "exact": {key: number < 20 for number, key in enumerate(keys)}}.items():
            rows = [shared.grade(query, "code", "code", said[query, sample], sample=sample, programs_failed=0) for query, sample in keys]
            _write(rows, run / paths.rollout_grades(explorer, "code", name, pool), tables.GRADES)
        _write([_response(row, "code", row["sample"], 16) for row in rows], run / paths.rollouts(explorer, "code", pool), tables.ROLLOUTS)
        kept = [_accepted(query, sample, pool, judge) for query, sample in keys if taken[query, sample]]
        _write(kept, run / paths.of_policy(policy, "accepted"), ACCEPTED)


def _accepted(query: str, sample: int, pool: str, judge: str) -> dict:
    number = int(query.rpartition("-")[2])
    literal = number == 10
    return {
        "query_id": query,
        "question": f"q{number}",
        "type": "fence" if number % 2 else "bill",
        "language": "en",
        "pool": pool,
        "sample": sample,
        "program": "print(7)" if literal else f"print({number} + {sample})",
        "result": "7\n",
        "judge": f"{judge}-1",
        "score": None if judge == "exact" else 0.9,
        "isolation": "sandbox",
    }


def cases(run: Path, case_set: str, seed: int, judges: list[str]) -> None:
    """80 right and 80 wrong results, and 100 attacks; in a case set called `zh` half of them Chinese, in one called `many` 500 attacks.

    The rule accepts 40 right ones, the critic 72 and 2 wrong ones.
    """
    rows = []
    for number in range(660 if case_set == "many" else 260):
        attack, right = number >= 160, number < 80
        key = {"case_id": f"c{number:03d}", "query_id": f"q{number}", "question": "q", "gold": "1", "program": "print(1)", "result": "1"}
        kind = {"origin": "attack", "variant": "yes" if number % 2 else "empty"} if attack else {"origin": "rewritten", "variant": "plain"}
        said = {"label": "YES" if right else "NO", "labelled_by": "attack" if attack else "rewriting", "split": "test"}
        told = {
            "ended": "ok",
            "language": "zh" if case_set == "zh" and number % 4 > 1 else "en",
            "answer_type": "text" if number % 2 else "integer",
        }
        rows.append(key | kind | said | told)
    _write(rows, run / paths.cases(case_set), tables.CASES)
    for judge in judges:
        _write([_verdict(row, judge) for row in rows], run / paths.verdicts(case_set, seed, judge), tables.VERDICTS)


def taught(run: Path, critic: str, seed: int, golds: list[str]) -> None:
    """What a critic learned from: English questions with these references; and a test case, of which it saw nothing."""
    key = {"query_id": "q", "question": "q", "program": "print(1)", "result": "1", "ended": "ok", "origin": "rollout", "variant": None}
    said = {"label": "YES", "labelled_by": "exact", "answer_type": "integer"}
    rows = [key | said | {"case_id": f"t{gold}", "gold": gold, "language": "en", "split": "train"} for gold in sorted(golds)]
    rows.append(key | said | {"case_id": "unseen", "gold": "七", "language": "zh", "split": "test"})
    _write(rows, run / paths.of_policy(paths.Critic(critic, seed), "cases"), tables.CASES)


def _verdict(row: dict, judge: str) -> dict:
    number = int(row["case_id"][1:])
    by_rule, by_critic = number < 80 and number % 2 == 0, number < 72 or number in (80, 81)
    accepted = {"critic_main": by_critic, "cascade_main": by_rule or by_critic}.get(judge, by_rule)
    score = (0.95 if number < 72 else 0.6 if accepted else 0.05) if judge == "critic_main" else None
    outcome = "correct" if accepted else "wrong"
    return {"case_id": row["case_id"], "judge": f"{judge}-1", "outcome": outcome, "accepted": accepted, "score": score}


def as_json(chosen: dict) -> str:
    return json.dumps(chosen, sort_keys=True)
