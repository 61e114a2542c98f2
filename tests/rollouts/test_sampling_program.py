"""sample_rollouts.py, the whole program: killed, resumed, on a full disk, on several engines."""

import os
import random
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import polars as pl
import pytest
from support.running import ROOT, environment, files, program, run_here, run_program

from mathcode import settings, tables


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
        *("--out", folder / "out/code.parquet", folder / "out/native.parquet", "--samples", 3, "--seed", 1),
        *("--method", "autocode", "--profile", "plain", "--checkpoints", folder / "kept", "--settings", settings.dumps(chosen)),
    )


def assert_same_tokens(one: Path, other: Path) -> None:
    """Log-probabilities may round otherwise in another batch, so their bytes are not promised."""
    for name in ("code", "native"):
        mine, theirs = (tables.ROLLOUTS.read(folder / f"out/{name}.parquet") for folder in (one, other))
        assert mine.drop("logprobs").equals(theirs.drop("logprobs"))
        assert (mine["logprobs"].explode() - theirs["logprobs"].explode()).abs().max() < 1e-4


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


@pytest.mark.parametrize("continuous", [False, True], ids=["lockstep", "continuous"])
def test_killed_it_resumes_with_more_workers(uninterrupted, trained_policy, queries, tiny_run, tmp_path, continuous):
    """kill -9 after the first chunk. In lockstep it ends with the same bytes; in continuous batches with the same tokens."""
    asked = command(trained_policy, queries, tmp_path / "killed", tiny_run, continuous_batching=continuous)
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
    if continuous:
        assert_same_tokens(tmp_path / "killed", uninterrupted)
    else:
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
    assert re.search(r"sample_rollouts\.py: replica [12] of 2 failed; its error message is above\n$", done.stderr), done.stderr[-2000:]


def test_the_size_of_the_chunks_changes_no_token(uninterrupted, trained_policy, queries, tiny_run, tmp_path):
    done = run_here(*command(trained_policy, queries, tmp_path / "other", tiny_run, chunk_rows=30))
    assert done.returncode == 0, done.stderr[-2000:]
    assert_same_tokens(tmp_path / "other", uninterrupted)


def test_an_unequal_number_of_outputs_is_one_clear_sentence(trained_policy, queries, tiny_run, tmp_path):
    asked = [part for part in command(trained_policy, queries, tmp_path / "bad", tiny_run) if part != "native"]
    done = run_here(*asked)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last == "sample_rollouts.py: give one --mode for each --out, and one --queries for all of them or one for each"
    assert "Traceback" not in done.stderr


def test_one_row_per_query_and_sample_is_kept_in_the_table(uninterrupted):
    frame = tables.ROLLOUTS.read(uninterrupted / "out/native.parquet")
    assert frame.select(pl.struct("query_id", "mode", "sample").is_duplicated().any()).item() is False
    assert (frame["logprobs"].list.len() == frame["generated"].list.sum()).all()
