"""Rollouts: the loop, with a scripted engine and the real interpreter."""

from functools import partial

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathcode.interpreter.driver import Execution, Interpreter
from mathcode.methods.autocode import METHOD
from mathcode.methods.autocode.form import FORM
from mathcode.responses import parse
from mathcode.rollouts import loop, replicas
from mathcode.rollouts.chunks import RolloutError, parts_of_shard
from mathcode.rollouts.engines import Completion
from mathcode.rollouts.rows import Row, plan_rows

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


def plan(queries, mode: str, samples: range, tokenizer, limit: int) -> list[Row]:
    """Rows as sample_rollouts.py plans them, with seed 1."""
    return plan_rows(queries, METHOD.stored_mode(mode), samples, 1, partial(METHOD.prompt, "plain", mode), tokenizer, limit)


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
        (frame,) = loop.sample_rollouts([loop.Plan(rows, tmp_path / "kept")], engine, interpreter, sampling, limits, FORM)
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


@pytest.mark.parametrize("fence", ["```outputs", "```Output", "```output:"])
def test_an_output_stands_behind_the_fence_that_asked_however_it_is_spelt(roll, fence):
    _, frame = roll(CODE + fence, "So 5.<eos>")
    (row,) = frame.rows(named=True)
    assert f"{CODE}{fence}\n5\n```\n" in row["response"]


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
    (frame,) = loop.sample_rollouts([loop.Plan(rows, tmp_path / "kept")], engine, interpreter, sampling, limits, FORM)
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
    how = (tiny_run.explore.sampling, tiny_run.engine, FORM)
    (frame,) = loop.sample_rollouts([loop.Plan(rows, tmp_path / "kept")], engine, interpreter, *how)
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
        (frame,) = loop.sample_rollouts([loop.Plan(rows, tmp_path / "kept")], engine, Broken(accepted, failing), sampling, limits, FORM)
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


def test_engines_share_gpus_and_rows_in_order(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,6,7")
    assert [replicas.visible_gpus(number, 2, 4) for number in (1, 2)] == ["4,5", "6,7"]
    with pytest.raises(replicas.ReplicaError, match=r"--gpus 8: this job sees 4 of them \(CUDA_VISIBLE_DEVICES=4,5,6,7\)"):
        replicas.visible_gpus(1, 8, 8)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert [replicas.visible_gpus(number, 2, 4) for number in (1, 2)] == ["0,1", "2,3"]
    assert (replicas.count(8, 1), replicas.count(8, 4), replicas.count(0, 1), replicas.count(1, 2)) == (8, 2, 1, 1)
    assert [replicas.part_of((2, 3), number, 2) for number in (1, 2)] == [(3, 6), (4, 6)]
