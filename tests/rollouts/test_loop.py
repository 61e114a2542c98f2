"""Rollouts: the loop with a scripted engine and the real interpreter, then the whole program, killed and resumed."""

import os
import random
import re
import shutil
import signal
import subprocess
import time
from functools import partial

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.running import ROOT, environment, files, program, run_here, run_program

from mathcode import settings, tables
from mathcode.interpreter.driver import Execution, Interpreter
from mathcode.methods.autocode import METHOD
from mathcode.methods.autocode.form import FORM
from mathcode.responses import parse
from mathcode.rollouts import loop, replicas
from mathcode.rollouts.chunks import RolloutError, parts_of_shard
from mathcode.rollouts.engines import Completion

CODE = "Let's write a program.\n```python\nprint(2 + 3)\n```\n"
ANSWER = "The answer is \\boxed{5}."


class ScriptedEngine:
    """Says, call by call, what it was told to; the loop around it is what is tested. '<eos>' ends a text, '<cut>' cuts it off."""

    def __init__(self, tokenizer, *texts: str):
        self.tokenizer, self.texts, self.seen = tokenizer, list(texts), []

    def generate(self, requests):
        self.seen.append(requests)
        return [self._completion(self.texts.pop(0)) for _ in requests]

    def _completion(self, text: str) -> Completion:
        ids = self.tokenizer(text.removesuffix("<eos>").removesuffix("<cut>"), add_special_tokens=False)["input_ids"]
        if text.endswith("<eos>"):
            return Completion([*ids, self.tokenizer.eos_token_id], [-0.5] * (len(ids) + 1), "eos")
        return Completion(ids, [-0.5] * len(ids), "length" if text.endswith("<cut>") else "fence")


def plan(queries, mode: str, samples: range, tokenizer, limit: int) -> list[loop.Row]:
    """Rows as sample_rollouts.py plans them, with seed 1."""
    return loop.plan_rows(queries, METHOD.stored_mode(mode), samples, 1, partial(METHOD.prompt, "plain", mode), tokenizer, limit)


@pytest.fixture(scope="module")
def tokenizer(tiny_policy):
    from mathcode.policies import folders

    return folders.load_tokenizer(tiny_policy)


@pytest.fixture(scope="module")
def interpreter(tiny_run):
    with Interpreter(tiny_run.interpreter) as started:
        yield started


@pytest.fixture
def roll(tokenizer, interpreter, queries, tiny_run, tmp_path):
    """Rollouts of one query (or of `rows`) by an engine that says `texts`; returns the engine and the table."""

    def sample(*texts: str, samples=1, chunk_rows=8, max_calls=3, max_model_len=160, max_prompt_tokens=100):
        engine = ScriptedEngine(tokenizer, *texts)
        sampling = tiny_run.explore.sampling.model_copy(update={"max_calls": max_calls})
        limits = tiny_run.engine.model_copy(update={"chunk_rows": chunk_rows, "max_model_len": max_model_len})
        rows = plan(queries.head(1), "code", range(samples), tokenizer, max_prompt_tokens)
        frame = loop.sample_rollouts(rows, engine, interpreter, sampling, limits, tmp_path / "kept", "test", FORM)
        for row in frame.iter_rows(named=True):
            assert len(row["token_ids"]) == len(row["generated"])
            assert len(row["logprobs"]) == sum(row["generated"])
            assert tokenizer.decode(row["token_ids"], skip_special_tokens=True) == row["response"]
            assert row["response"].startswith(row["rounds"][0]["text"])
            assert row["response"].count(row["rounds"][-1]["text"])
        return engine, frame

    return sample


def masked(tokenizer, row: dict) -> str:
    """What of a response the model did not write."""
    return tokenizer.decode([token for token, own in zip(row["token_ids"], row["generated"], strict=True) if not own])


def test_a_program_runs_and_its_output_is_shown_and_masked(roll, tokenizer):
    engine, frame = roll(CODE + "```output", ANSWER + "<eos>")
    (row,) = frame.rows(named=True)
    assert row["response"] == CODE + "```output\n5\n```\n" + ANSWER
    assert masked(tokenizer, row) == "\n5\n```\n"
    assert row["finish_reason"] == "stop"
    assert row["token_ids"][-1] == tokenizer.eos_token_id
    assert [turn["program"] for turn in row["rounds"]] == ["print(2 + 3)", None]
    assert [(turn["output"], turn["result"], turn["error"], turn["outcome"]) for turn in row["rounds"]] == [
        ("5", "5\n", "", "ok"),
        (None,) * 4,
    ]
    first, second = (requests[0] for requests in engine.seen)
    assert second.token_ids == first.token_ids + row["token_ids"][: len(second.token_ids) - len(first.token_ids)]
    assert second.seed != first.seed


def test_an_end_of_text_after_a_program_is_taken_back(roll, tokenizer):
    _, frame = roll(CODE + "<eos>", ANSWER + "<eos>")
    (row,) = frame.rows(named=True)
    assert row["token_ids"].count(tokenizer.eos_token_id) == 1
    assert parse.outputs(row["response"]) == ["5"]
    assert "```output" in masked(tokenizer, row)  # the model had not written the fence


@pytest.mark.parametrize("fence", ["```python", "```py", "```Python", "~~~python"])
def test_however_the_fence_of_a_program_is_written_it_runs(roll, fence):
    _, frame = roll(f"So:\n{fence}\nprint(2 + 3)\n{fence[:3]}\n```output", ANSWER + "<eos>")
    assert frame["rounds"][0][0]["program"] == "print(2 + 3)"
    assert parse.outputs(frame["response"][0]) == ["5"]


def test_the_budget_of_calls_ends_a_response_after_its_last_output(roll):
    _, frame = roll(CODE + "```output", "Again.\n```python\nprint(7)\n```\n```output", max_calls=2)
    (row,) = frame.rows(named=True)
    assert row["finish_reason"] == "calls"
    assert parse.outputs(row["response"]) == ["5", "7"]
    assert row["response"].endswith("\n7\n```\n")


def test_a_later_program_sees_what_an_earlier_one_defined(roll):
    later = "```python\nprint(a * 2)\n```\n```output"
    _, frame = roll("```python\na = 21\nprint('once')\n```\n```output", later, "<eos>")
    assert parse.outputs(frame["response"][0]) == ["once", "42"]


def test_a_failed_program_leaves_its_variables_and_its_error_is_not_shown_again(roll):
    failing = "```python\na = 21\na / 0\na = 22\n```\n```output"
    _, frame = roll(failing, "```python\nprint(a)\n```\n```output", "<eos>")
    assert parse.outputs(frame["response"][0]) == ["ZeroDivisionError: division by zero", "21"]
    assert [turn["outcome"] for turn in frame["rounds"][0]] == ["error", "ok"]


TWO = "First:\n```python\na = 3\nprint(a)\n```\nand\n```python\na += 1\nprint(a)\n```\n"


@pytest.mark.parametrize("end", ["```output", "<eos>"])
def test_two_programs_of_a_turn_both_run_in_order_and_both_outputs_are_shown(roll, tokenizer, end):
    _, frame = roll(TWO + end, "```python\nprint(a + 1)\n```\n```output", ANSWER + "<eos>")
    (row,) = frame.rows(named=True)
    assert row["response"] == f"{TWO}```output\n3\n4\n```\n```python\nprint(a + 1)\n```\n```output\n5\n```\n{ANSWER}"
    ran = [(turn["program"], turn["output"], turn["result"], turn["outcome"]) for turn in row["rounds"]]
    assert ran == [
        ("a = 3\nprint(a)", "3", "3\n", "ok"),
        ("a += 1\nprint(a)", "4", "4\n", "ok"),
        ("print(a + 1)", "5", "5\n", "ok"),
        (None,) * 4,
    ]
    assert "".join(turn["text"] for turn in row["rounds"][:2]).removesuffix("```output") == TWO
    assert row["rounds"][1]["text"].startswith("\nand")
    assert masked(tokenizer, row) == ("\n" if end == "```output" else "```output\n") + "3\n4\n```\n\n5\n```\n"


def test_the_second_program_of_a_turn_runs_although_the_first_failed(roll):
    failing = "```python\na = 3\n1 / 0\n```\n```python\nprint(a)\n```\n```output"
    _, frame = roll(failing, "<eos>")
    assert parse.outputs(frame["response"][0]) == ["ZeroDivisionError: division by zero\n3"]
    assert [turn["outcome"] for turn in frame["rounds"][0]] == ["error", "ok"]


OWN = "```python\nprint(1)\nx = 1\n```\n```output\n9\n```\n"


def test_an_output_that_the_model_wrote_itself_has_run_nothing_and_is_learned(roll):
    _, frame = roll(OWN + ANSWER + "<eos>")
    (row,) = frame.rows(named=True)
    assert all(row["generated"])
    assert [turn["outcome"] for turn in row["rounds"]] == [None]
    assert row["isolation"] is None
    assert row["response"] == OWN + ANSWER


def test_a_program_after_an_output_that_the_model_wrote_runs_alone(roll, tokenizer):
    _, frame = roll(OWN + "```python\nprint('x' in globals())\n```\n```output", ANSWER + "<eos>")
    (row,) = frame.rows(named=True)
    assert [turn["program"] for turn in row["rounds"]] == ["print('x' in globals())", None]
    assert masked(tokenizer, row) == "\nFalse\n```\n"


class Letters(ScriptedEngine):
    """Says its texts letter by letter, as no tokenizer would cut them: the fence too spans several tokens."""

    def _completion(self, text: str) -> Completion:
        said = text.removesuffix("<eos>")
        ids = [token for letter in said for token in self.tokenizer(letter, add_special_tokens=False)["input_ids"]]
        ended = "eos" if said != text else "fence"
        ids += [self.tokenizer.eos_token_id] * (ended == "eos")
        return Completion(ids, [-0.01 * number for number in range(len(ids))], ended)


@pytest.mark.parametrize("end", ["```output", "```output\n", "<eos>"])
def test_sampled_tokens_stay_as_they_are_and_the_mask_is_exact_at_the_border(tokenizer, interpreter, queries, tiny_run, tmp_path, end):
    """Ids and log-probabilities are the sampled ones, the fence stands once, and exactly what was shown is masked."""
    engine = Letters(tokenizer, CODE + end, ANSWER + "<eos>")
    sampling = tiny_run.explore.sampling.model_copy(update={"max_calls": 3})
    limits = tiny_run.engine.model_copy(update={"chunk_rows": 8, "max_model_len": 400})
    rows = plan(queries.head(1), "code", range(1), tokenizer, 100)
    frame = loop.sample_rollouts(rows, engine, interpreter, sampling, limits, tmp_path / "kept", "test", FORM)
    (row,) = frame.rows(named=True)
    scripted = Letters(tokenizer, CODE + end, ANSWER + "<eos>").generate([None, None])
    if end == "<eos>":  # the end of text after the program is taken back
        scripted[0] = Completion(scripted[0].token_ids[:-1], scripted[0].logprobs[:-1], "eos")
    own = [token for token, generated in zip(row["token_ids"], row["generated"], strict=True) if generated]
    assert own == scripted[0].token_ids + scripted[1].token_ids
    assert row["logprobs"] == pytest.approx(scripted[0].logprobs + scripted[1].logprobs)
    assert row["response"].replace("\n\n", "\n") == CODE + "```output\n5\n```\n" + ANSWER
    assert row["response"].count("```output") == 1
    flags = row["generated"]
    first, last = flags.index(False), len(flags) - 1 - flags[::-1].index(False)
    assert not any(flags[first : last + 1]), "one stretch"
    assert tokenizer.decode(row["token_ids"][:first]) == (CODE + end).removesuffix("<eos>")
    assert tokenizer.decode(row["token_ids"][last + 1 :], skip_special_tokens=True) == ANSWER


@pytest.mark.parametrize(
    ("source", "shown", "outcome"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero", "error"),
        ("pass", "", "ok"),
        ("print('x' * 999)", "x" * 50 + "..." + "x" * 50, "ok"),
    ],
)
def test_whatever_a_program_does_the_rollout_goes_on(roll, source, shown, outcome):
    _, frame = roll(f"```python\n{source}\n```\n```output", "I give up.<eos>")
    (row,) = frame.rows(named=True)
    assert (row["rounds"][0]["output"], row["rounds"][0]["outcome"]) == (shown, outcome)
    assert row["finish_reason"] == "stop"


def test_a_response_that_is_cut_off_has_finish_reason_length_and_runs_nothing(roll):
    _, frame = roll(CODE + "<cut>")
    assert frame["finish_reason"].to_list() == ["length"]
    assert frame["rounds"][0][0]["program"] is None


def test_an_output_that_fills_the_context_ends_the_response(roll):
    engine, frame = roll("```python\nprint('x' * 90)\n```\n```output", max_model_len=60)
    assert frame["finish_reason"].to_list() == ["length"]
    assert len(engine.seen) == 1


def test_a_prompt_that_leaves_no_room_is_counted_and_not_asked(queries, tokenizer, interpreter, tiny_run, tmp_path):
    longer = pl.when(pl.int_range(pl.len()) == 1).then(pl.col("question").repeat_by(20).list.join(" ")).otherwise("question")
    rows = plan(queries.head(2).with_columns(longer.alias("question")), "code", range(2), tokenizer, 100)
    short = [row.finish_reason is None for row in rows]
    assert sorted(short) == [False, False, True, True]
    engine = ScriptedEngine(tokenizer, "1<eos>", "1<eos>")
    how = (tiny_run.explore.sampling, tiny_run.engine, tmp_path / "kept", "test", FORM)
    frame = loop.sample_rollouts(rows, engine, interpreter, *how)
    assert sum(map(len, engine.seen)) == 2
    assert [(reason == "length", len(ids) == 0) for reason, ids in frame.select("finish_reason", "token_ids").iter_rows()] == [
        (not one, not one) for one in short
    ]


def test_asked_tokens_never_pass_the_context(roll):
    engine, _ = roll(CODE + "```output", ANSWER + "<eos>", max_model_len=80)
    for (request,) in engine.seen:
        assert 1 <= request.max_new_tokens <= min(40, 80 - len(request.token_ids))


def test_finished_chunks_are_not_sampled_again(roll):
    texts = [f"{number}<eos>" for number in range(5)]
    _, whole = roll(*texts, samples=5, chunk_rows=2)
    engine, again = roll(samples=5, chunk_rows=2)
    assert engine.seen == []
    assert again.equals(whole)


def test_a_chunk_that_a_lost_node_cut_short_is_sampled_again(roll, tmp_path):
    texts = [f"{number}<eos>" for number in range(5)]
    _, whole = roll(*texts, samples=5, chunk_rows=2)
    cut = tmp_path / "kept/chunk-00001.parquet"
    cut.write_bytes(cut.read_bytes()[:200])
    engine, again = roll(*texts[2:4], samples=5, chunk_rows=2)
    assert [len(asked) for asked in engine.seen] == [2]
    assert again.equals(whole)


@pytest.mark.parametrize("sizes", [[10], [1, 0, 22, 9], [3, 3, 3, 3, 3, 3, 3], [500, 1]])
def test_shards_are_whole_chunks_in_order_and_no_row_is_lost_or_doubled(sizes):
    for shards in (1, 2, 3, 4, 13):
        parts = [parts_of_shard(sizes, number, shards, 3) for number in range(1, shards + 1)]
        for table, size in enumerate(sizes):
            rows = list(range(size))
            assert [row for part in parts for row in rows[part[table]]] == rows
        assert all(part.start % 3 == 0 for taken in parts for part in taken)
        chunks = [sum(part.stop - part.start for part in taken) // 3 for taken in parts]
        assert max(chunks) - min(chunks) <= 1
    with pytest.raises(RolloutError, match="no shard 3 of 2"):
        parts_of_shard([3], 3, 2, 3)


def test_small_tables_do_not_all_fall_to_one_engine():
    """Six benchmarks of two chunks or fewer, on four engines: three chunks each, and never only the last engine."""
    parts = [parts_of_shard([8, 8, 16, 16, 8, 16, 12, 3], number, 4, 8) for number in range(1, 5)]
    assert [sum(part.stop - part.start for part in taken) // 8 for taken in parts] == [3, 3, 3, 3]


@given(st.lists(st.integers(0, 60), min_size=1, max_size=5), st.integers(1, 5), st.integers(1, 6))
def test_engines_share_a_shard_so_that_none_is_without_rows(sizes, shards, replica_count):
    """Engines of a job together sample the job's own shard; no more of them start than it has chunks."""
    for number in range(1, shards + 1):
        whole = parts_of_shard(sizes, number, shards, 4)
        engines = min(sum(part.stop - part.start for part in whole) // 4, replica_count)
        parts = [parts_of_shard(sizes, *replicas.part_of((number, shards), engine, engines), 4) for engine in range(1, engines + 1)]
        for table, size in enumerate(sizes):
            rows = list(range(size))
            assert [row for part in parts for row in rows[part[table]]] == (rows[whole[table]] if engines else [])
        assert all(any(part.stop > part.start for part in taken) for taken in parts)


class Broken:
    """Stands in for an interpreter on a machine that cannot run `failing` of the programs, counted from the first."""

    isolation = "landlock"

    def __init__(self, limits, failing: int):
        self.limits, self.failing = limits, failing

    def run(self, programs):
        executions = []
        for _ in programs:
            executions.append(Execution("infrastructure_error" if self.failing > 0 else "ok", "5", ""))
            self.failing -= 1
        return executions


def test_too_many_programs_that_could_not_run_end_the_stage_and_only_their_chunks_are_repeated(tokenizer, queries, tiny_run, tmp_path):
    def sample(failing: int):
        engine = ScriptedEngine(tokenizer, *[CODE + "```output"] * 4)
        sampling = tiny_run.explore.sampling.model_copy(update={"max_calls": 1})
        limits = tiny_run.engine.model_copy(update={"chunk_rows": 1, "max_model_len": 160})
        rows = plan(queries.head(1), "code", range(4), tokenizer, 100)
        accepted = tiny_run.interpreter.model_copy(update={"max_infrastructure_errors": 0.25})
        frame = loop.sample_rollouts(rows, engine, Broken(accepted, failing), sampling, limits, tmp_path / "kept", "test", FORM)
        return 4 - len(engine.texts), frame

    with pytest.raises(RolloutError, match=r"programs of 2 of 4 rollouts .* accepted share 0.25"):
        sample(failing=2)
    sampled, frame = sample(failing=1)
    assert sampled == 2
    assert sorted(row["rounds"][0]["outcome"] for row in frame.iter_rows(named=True)) == ["infrastructure_error", "ok", "ok", "ok"]


def test_rows_have_seeds_of_their_own(queries, tokenizer):
    def seeds(mode: str, samples: range) -> list[int]:
        return [row.seed for row in plan(queries, mode, samples, tokenizer, 100)]

    every = seeds("native", range(3)) + seeds("code", range(3)) + seeds("native_extra", range(3, 6))
    assert len(set(every)) == len(every) == 9 * queries.height
    assert all(0 <= seed < 2**63 for seed in every)
    assert seeds("native_extra", range(2)) == seeds("native", range(2))  # the extra ones only go on counting


def test_modes_are_prompted_alike_wherever_they_are_used(queries, tokenizer):
    def planned(mode: str) -> tuple[str, str]:
        row = plan(queries.head(1), mode, range(1), tokenizer, 100)[0]
        return row.mode, row.prompt

    native, code = planned("native")[1], planned("code")[1]
    assert native != code
    assert planned("auto") == ("auto", native)
    assert planned("native_extra") == ("native", native)
    assert planned("code_sampled") == ("code_sampled", code)


def command(policy, queries, folder, tiny_run, **engine) -> list[str]:
    """sample_rollouts.py in its two modes at once, chunks of 8 rows."""
    chosen = {
        "sampling": tiny_run.explore.sampling,
        "engine": tiny_run.engine.model_copy(update=engine),
        "interpreter": tiny_run.interpreter,
    }
    folder.mkdir(exist_ok=True)
    tables.QUERIES.write(queries, folder / "queries.parquet")
    return program(
        "sample_rollouts",
        *("--model", policy, "--queries", folder / "queries.parquet", folder / "queries.parquet", "--mode", "code", "native"),
        *(
            "--out",
            folder / "out/code.parquet",
            folder / "out/native.parquet",
            "--samples",
            3,
            "--seed",
            1,
            "--method",
            "autocode",
            "--profile",
            "plain",
        ),
        *("--checkpoints", folder / "kept", "--settings", settings.dumps(chosen)),
    )


@pytest.fixture(scope="module")
def uninterrupted(trained_policy, queries, tiny_run, tmp_path_factory):
    """Folder with the tables of a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("rollouts") / "whole"
    done = run_program(*command(trained_policy, queries, folder, tiny_run))
    assert done.returncode == 0, done.stderr[-2000:]
    assert not (folder / "kept").exists()
    return folder


def test_a_real_rollout_runs_programs(uninterrupted, queries):
    frame = tables.ROLLOUTS.read(uninterrupted / "out/code.parquet")
    assert frame.select("query_id", "sample").rows() == [(query, sample) for query in sorted(queries["query_id"]) for sample in range(3)]
    assert frame.explode("rounds").unnest("rounds")["outcome"].to_list().count("ok") > frame.height // 2
    assert frame["methodology"].to_list().count("code") > frame.height // 2


@pytest.mark.parametrize(
    ("words", "engine", "said"),
    [
        (["--mode", "cot", "aut"], {}, "--mode: method autocode has no mode 'aut'; it has native, "),
        ([], {"name": "vlm"}, "unknown engine 'vlm'; there are: "),
    ],
)
def test_an_unknown_mode_or_engine_is_one_sentence(trained_policy, queries, tiny_run, tmp_path, words, engine, said):
    done = run_here(*command(trained_policy, queries, tmp_path / "work", tiny_run, **engine), *words)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"sample_rollouts.py: {said}")


def test_killed_it_resumes_with_more_workers_to_the_same_bytes(uninterrupted, trained_policy, queries, tiny_run, tmp_path):
    """kill -9 after the first chunk."""
    asked = command(trained_policy, queries, tmp_path / "killed", tiny_run)
    started = subprocess.Popen(asked, cwd=ROOT, env=environment(), stderr=subprocess.DEVNULL, start_new_session=True)
    while not list((tmp_path / "killed/kept").rglob("chunk-*")) and started.poll() is None:
        time.sleep(0.01)
    time.sleep(random.Random(1).random() / 10)
    os.killpg(started.pid, signal.SIGKILL)
    assert started.wait() == -signal.SIGKILL
    kept = files(tmp_path / "killed/kept")
    assert kept
    done = run_here(*asked, "--workers", "2")
    assert done.returncode == 0, done.stderr[-2000:]
    assert files(tmp_path / "killed/out") == files(uninterrupted / "out")


def test_a_full_disk_ends_in_one_sentence_and_costs_at_most_a_chunk(uninterrupted, trained_policy, queries, tiny_run, disk):
    folder = disk.folder / "work"
    asked = command(trained_policy, queries, folder, tiny_run)
    chunk = max(map(len, files(uninterrupted / "out").values())) // 1024 // 8  # there are about ten chunks to a table
    disk.fill(left_kib=max(16, 4 * chunk))
    done = run_program(*asked)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert re.fullmatch(
        r"sample_rollouts\.py: .*chunk-\d+\.parquet: could not be written .*No space left on device.*", done.stderr.splitlines()[-1]
    )
    assert not (folder / "out").exists()
    kept = list((folder / "kept").rglob("*"))
    for path in (path for path in kept if path.is_file()):
        assert path.suffix == ".parquet"
        tables.ROLLOUTS.read(path)
    assert [path for path in kept if path.is_file()]
    disk.make_space()
    done = run_program(*asked)
    assert done.returncode == 0, done.stderr[-2000:]
    assert files(folder / "out") == files(uninterrupted / "out")


def test_two_engines_side_by_side_sample_the_bytes_of_one(uninterrupted, trained_policy, queries, tiny_run, tmp_path):
    """Killed on the way: the copies end with their parent, and a second start goes on from what they had finished."""
    asked = [*command(trained_policy, queries, tmp_path / "two", tiny_run), "--gpus", "2"]
    started = subprocess.Popen(asked, cwd=ROOT, env=environment(), stderr=subprocess.DEVNULL)
    while not list((tmp_path / "two/kept").rglob("chunk-*")) and started.poll() is None:
        time.sleep(0.01)
    os.kill(started.pid, signal.SIGKILL)
    started.wait()
    for _ in range(100):
        alive = subprocess.run(["pgrep", "-f", str(tmp_path / "two/kept")], capture_output=True, check=False).stdout.split()
        if not alive:
            break
        time.sleep(0.1)
    assert not alive
    assert files(tmp_path / "two/kept")
    done = run_program(*asked)
    assert done.returncode == 0, done.stderr[-2000:]
    assert files(tmp_path / "two/out") == files(uninterrupted / "out")
    assert not (tmp_path / "two/kept").exists()


@pytest.fixture(scope="module")
def unjoined(trained_policy, queries, tiny_run, tmp_path_factory):
    """Folder where both engines have finished, of 6 of 8 queries, and joining failed."""
    folder = tmp_path_factory.mktemp("rollouts") / "unjoined"
    asked = [*command(trained_policy, queries.head(8), folder, tiny_run), "--rows", "6"]
    failed = run_program(*asked, "--gpus", "2", "--out", "/dev/null/code.parquet", "/dev/null/native.parquet")
    assert failed.returncode == 1
    assert len(list((folder / "kept").rglob("[12]of2/[01].parquet"))) == 4
    return folder


@pytest.mark.parametrize("change", ["text", "rows", "modes"])
def test_parts_of_something_else_are_not_joined(unjoined, trained_policy, queries, tiny_run, tmp_path, change):
    """Something else is asked for at the place of parts that were not joined."""
    few, folder = queries.head(8), shutil.copytree(unjoined, tmp_path / "changed")
    asked = [*command(trained_policy, few, folder, tiny_run), "--rows", "6"]
    other = {"rows": ["--rows", "5"], "modes": ["--mode", "code", "auto"]}
    if change == "text":
        few = few.with_columns(question=pl.lit("Now: ") + pl.col("question"))
        tables.QUERIES.write(few, folder / "queries.parquet")
    asked += other.get(change, [])
    done = run_program(*asked, "--gpus", "2")
    assert done.returncode == 0, done.stderr[-2000:]
    alone = tmp_path / "alone"
    outs = ["--out", str(alone / "code.parquet"), str(alone / "native.parquet"), "--checkpoints", str(tmp_path / "fresh")]
    done = run_here(*asked, *outs)
    assert done.returncode == 0, done.stderr[-2000:]
    assert files(folder / "out") == files(alone)


def test_where_there_are_fewer_chunks_than_shards_or_engines_none_starts_for_nothing(trained_policy, queries, tiny_run, tmp_path):
    asked = command(trained_policy, queries.head(2), tmp_path / "few", tiny_run, chunk_rows=100)  # a chunk for each of the two outputs
    for number, rows in ((1, [0, 0]), (2, [6, 0]), (3, [0, 0]), (4, [0, 6])):
        done = run_program(*asked, "--shard", str(number), "4", "--gpus", "3")
        assert done.returncode == 0, done.stderr[-2000:]
        assert ("Loading weights" in done.stderr) == any(rows)
        tabled = [tables.ROLLOUTS.read(tmp_path / f"few/out/{name}.parquet", allow_empty=True) for name in ("code", "native")]
        assert [table.height for table in tabled] == rows
    done = run_program(*asked, "--gpus", "3")
    assert done.stderr.count("Loading weights:   0%") == 2


def test_an_engine_that_fails_stops_the_others_and_says_so(trained_policy, queries, tiny_run, tmp_path):
    damaged = shutil.copytree(trained_policy, tmp_path / "damaged")
    (damaged / "model.safetensors").write_bytes(b"cut")
    done = run_program(*command(damaged, queries, tmp_path / "bad", tiny_run), "--gpus", "2")
    assert done.returncode == 1
    assert re.search(r"sample_rollouts\.py: replica [12] of 2 failed; its words are above\n$", done.stderr), done.stderr[-2000:]


def test_engines_share_gpus_and_rows_in_order(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,6,7")
    assert [replicas.visible_gpus(number, 2, 4) for number in (1, 2)] == ["4,5", "6,7"]
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert [replicas.visible_gpus(number, 2, 4) for number in (1, 2)] == ["0,1", "2,3"]
    assert (replicas.count(8, 1), replicas.count(8, 4), replicas.count(0, 1), replicas.count(1, 2)) == (8, 2, 1, 1)
    assert [replicas.part_of((2, 3), number, 2) for number in (1, 2)] == [(3, 6), (4, 6)]


def test_the_size_of_the_chunks_changes_no_token(uninterrupted, trained_policy, queries, tiny_run, tmp_path):
    """Tokens are the same; log-probabilities may round otherwise in another batch, so bytes are not promised."""
    done = run_here(*command(trained_policy, queries, tmp_path / "other", tiny_run, chunk_rows=30))
    assert done.returncode == 0, done.stderr[-2000:]
    for name in ("code", "native"):
        mine, other = (tables.ROLLOUTS.read(folder / f"out/{name}.parquet") for folder in (tmp_path / "other", uninterrupted))
        assert mine.drop("logprobs").equals(other.drop("logprobs"))
        difference = mine["logprobs"].explode() - other["logprobs"].explode()
        assert difference.abs().max() < 1e-4


def test_an_unequal_number_of_outputs_is_one_clear_sentence(trained_policy, queries, tiny_run, tmp_path):
    asked = [part for part in command(trained_policy, queries, tmp_path / "bad", tiny_run) if part != "native"]
    done = run_here(*asked)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last == "sample_rollouts.py: give one --mode for each --out, and one --queries for all or for each"
    assert "Traceback" not in done.stderr


def test_one_row_per_query_and_sample_is_kept_in_the_table(uninterrupted):
    frame = tables.ROLLOUTS.read(uninterrupted / "out/native.parquet")
    assert frame.select(pl.struct("query_id", "mode", "sample").is_duplicated().any()).item() is False
    assert (frame["logprobs"].list.len() == frame["generated"].list.sum()).all()
