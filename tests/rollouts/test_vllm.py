"""The vLLM engine, for real: its own interpreter samples on a CPU, and is held against the transformers engine."""

import json
import sys

import polars as pl
import pytest
from support.running import ROOT, program, run_program

from mathcode import configuration, settings, tables
from mathcode.core import random_streams
from mathcode.methods.autocode import dictations
from mathcode.rollouts import engines
from mathcode.rollouts.engines import Request

PYTHON = ROOT / ".venv-vllm/bin/python"
pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(not PYTHON.is_file(), reason="vLLM's environment .venv-vllm is not there: `bash setup.sh vllm` makes it"),
]

BOUND = 1e-4
"""Nats between the log-probabilities of the two engines in float32; 3e-6 was the most seen."""

SAMPLE = """
import json, sys
from mathcode import settings
from mathcode.rollouts import engines
from mathcode.rollouts.engines import Request

if __name__ == "__main__":
    model, engine, plan, out = sys.argv[1:]
    started, answers = None, []
    for sampling, rows, stepped in json.loads(plan):
        sampling = settings.Sampling(**sampling)
        if started is None:
            started = engines.start_engine(model, settings.parse(settings.Engine, engine), sampling)
        started.sampling = sampling
        requests = [Request(*row) for row in rows]
        if stepped:  # a row enters with each step
            numbers, done = [], {}
            while len(done) < len(requests):
                if len(numbers) < len(requests):
                    numbers.append(started.submit(requests[len(numbers)]))
                done |= started.step()
            completions = [done[number] for number in numbers]
        else:
            completions = started.generate(requests)
        answers.append([vars(completion) for completion in completions])
    with open(out, "w") as handle:
        json.dump(answers, handle)
"""
"""What runs in vLLM's environment: one engine, one batch of rows for each sampling."""


def sampling(temperature: float, top_p: float = 1.0) -> dict:
    return {"temperature": temperature, "top_p": top_p, "max_new_tokens": 40, "max_calls": 3}


GREEDY, DRAWN, NUCLEUS = sampling(0.0), sampling(1.0), sampling(1.0, 0.7)


def requests(tokenizer) -> list[Request]:
    """Greedy rows: dictated in both ways, of several lengths."""
    asked = [(mode, f"What is {a} + {b}?") for mode, a, b in (("code", 2, 3), ("cot", 4, 6), ("code", 5, 5), ("cot", 3, 2))]
    rows = [Request(tokenizer(dictations.render("plain", *row))["input_ids"], number, 40) for number, row in enumerate(asked)]
    return [*rows, Request(rows[0].token_ids, 9, 5)]


@pytest.fixture(scope="module")
def limits(tiny_run) -> settings.Engine:
    """As in the laptop run, in the type in which engines can be compared."""
    changes = {"name": "vllm", "python": str(PYTHON), "kv_cache_gb": 1, "threads": 1}
    return tiny_run.engine.model_copy(update=changes)


@pytest.fixture(scope="module")
def sampled(trained_policy, limits, tmp_path_factory):
    """Completions of vLLM: greedy, drawn, drawn in another order, one alone, from a nucleus, step by step; with the rows asked for."""
    from mathcode.policies import folders

    tokenizer = folders.load_tokenizer(trained_policy)
    greedy = requests(tokenizer)
    drawn = [
        Request(tokenizer("What is 7 + 8?\n")["input_ids"], seed, 16) for seed in (1, 2, 3, 4, 1, random_streams.stream(1, "a", "code", 0))
    ]
    plan = [(GREEDY, greedy), (DRAWN, drawn), (DRAWN, drawn[::-1]), (DRAWN, drawn[2:3]), (NUCLEUS, drawn), (DRAWN, drawn)]
    stepped = [False] * (len(plan) - 1) + [True]
    asked = [(chosen, [list(vars(row).values()) for row in rows]) for chosen, rows in plan]
    text = json.dumps([(*one, by_steps) for one, by_steps in zip(asked, stepped, strict=True)])
    out = tmp_path_factory.mktemp("vllm") / "out.json"
    done = run_program(str(PYTHON), "-c", SAMPLE, str(trained_policy), settings.dumps(limits), text, str(out))
    assert done.returncode == 0, done.stderr[-2000:]
    answers = [[engines.Completion(**row) for row in rows] for rows in json.loads(out.read_text())]
    return [rows for _, rows in plan], answers


def transformers_engine(folder, limits, chosen: dict):
    return engines.start_engine(str(folder), limits.model_copy(update={"name": "transformers"}), settings.Sampling(**chosen))


def teacher_forced(folder, rows: list[Request], completions: list[engines.Completion]) -> list[list[float]]:
    from mathcode.policies import folders, scoring

    examples = [
        scoring.TokenSequence(row.token_ids, completion.token_ids, [True] * len(completion.token_ids))
        for row, completion in zip(rows, completions, strict=True)
    ]
    tokenizer = folders.load_tokenizer(folder)
    return scoring.score(folders.load_policy(folder, "float32"), examples, tokenizer.pad_token_id, 256, "test")


def test_greedy_completions_are_those_of_the_transformers_engine(sampled, trained_policy, limits):
    rows, answers = sampled
    expected = transformers_engine(trained_policy, limits, GREEDY).generate(rows[0])
    assert [row.ended for row in answers[0]] == ["fence", "eos", "fence", "eos", "length"]
    for mine, other in zip(answers[0], expected, strict=True):
        assert (mine.token_ids, mine.ended) == (other.token_ids, other.ended)
        assert mine.logprobs == pytest.approx(other.logprobs, abs=BOUND)


@pytest.mark.parametrize("batch", [0, 1, 4, 5])
def test_log_probabilities_are_those_of_teacher_forcing(sampled, trained_policy, batch):
    rows, answers = sampled
    for completion, scored in zip(answers[batch], teacher_forced(trained_policy, rows[batch], answers[batch]), strict=True):
        assert completion.logprobs == pytest.approx(scored, abs=BOUND)


def test_seeded_rows_repeat_wherever_they_stand(sampled):
    _, (_, drawn, reversed_, alone, _, stepped) = sampled
    assert [row.token_ids for row in reversed_[::-1]] == [row.token_ids for row in drawn]
    assert [row.token_ids for row in stepped] == [row.token_ids for row in drawn]
    assert alone[0].token_ids == drawn[2].token_ids
    assert drawn[0].token_ids == drawn[4].token_ids


def test_another_seed_is_another_sample(sampled):
    _, (_, drawn, *_) = sampled
    assert len({tuple(row.token_ids) for row in drawn}) == 5


def test_without_vllm_the_error_says_what_is_missing(trained_policy, limits):
    if run_program(sys.executable, "-c", "import vllm").returncode == 0:
        pytest.skip("vLLM is installed in this very environment")
    with pytest.raises(engines.GenerationError, match="engine vllm is not installed in this environment"):
        engines.start_engine(str(trained_policy), limits, settings.Sampling(**GREEDY))


def sample(policy, queries, folder, tiny_run, outs: dict[str, str], *more: object) -> dict[str, pl.DataFrame]:
    """What sample_rollouts.py makes with the laptop run's engine, a table for each mode."""
    tables.QUERIES.write(queries, folder / "queries.parquet")
    laptop = configuration.load(ROOT / "config").runs["laptop"]
    small = {"dtype": "float32", "threads": 1, "max_model_len": 160, "kv_cache_gb": 1}
    chosen = {
        "sampling": laptop.explore.sampling.model_copy(update={"max_new_tokens": 40}),
        "engine": laptop.engine.model_copy(update=small),
        "interpreter": tiny_run.interpreter,
    }
    command = program(
        "sample_rollouts",
        *("--model", policy, "--queries", folder / "queries.parquet", "--mode", *outs, "--out", *(folder / out for out in outs.values())),
        *("--seed", 1, "--method", "autocode", "--profile", "plain", "--checkpoints", folder / "kept"),
        *("--settings", settings.dumps(chosen), *more),
        python=str(PYTHON),
    )
    done = run_program(*command)
    assert done.returncode == 0, done.stderr[-2000:]
    return {mode: tables.ROLLOUTS.read(folder / out) for mode, out in outs.items()}


def test_rollouts_as_the_laptop_run_samples_them(trained_policy, queries, tiny_run, tmp_path):
    """The program with engine vllm, twice: programs run, outputs are shown, and the table repeats byte by byte."""
    for out in ("first", "second"):
        made = sample(trained_policy, queries.head(4), tmp_path, tiny_run, {"code": out}, "--samples", 2)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    rollouts = made["code"]
    ran = rollouts.explode("rounds").unnest("rounds").filter(pl.col("program").is_not_null())
    assert rollouts.height == 8
    assert ran["outcome"].to_list().count("ok") >= 4


def test_it_samples_adaptively(trained_policy, queries, tiny_run, tmp_path):
    """What decides labels is imported in vLLM's environment, which has little else."""
    estimate = {"rule": "prior_times_q", "alpha": "inf"}
    told = {"certainty": 0.9, "estimate": estimate, "judge": "exact", "grading": tiny_run.grading.model_dump()}
    outs = {mode: mode for mode in ("native", "cot", "code")}
    made = sample(trained_policy, queries.head(4), tmp_path, tiny_run, outs, "--samples", 4, "--adaptive", json.dumps(told))
    counts = [frame.group_by("query_id").len().sort("query_id") for frame in made.values()]
    assert counts[0].equals(counts[1])
    assert counts[1].equals(counts[2])
    assert counts[0]["len"].is_between(2, 4).all()
    assert counts[0].height == 4
