"""Mistakes that a user makes with Snakemake: targets, overrides, edited settings, profiles; what its last lines must say."""

import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from support.checkout import SNAKEMAKE, copied, planned, snakemake
from support.running import ROOT, environment

# --- Snakemake: (its words, words of its last lines) ---
PLAN = {
    "a run that is not there": ("-n dmo", "no rule makes dmo; did you mean demo?"),
    "a run in a path": ("-n results/dmo/start/tiny/seed1/model", "did you mean results/demo/start/tiny/seed1/model?"),
    "a family, a benchmark and a judge in a path": (
        "-n results/paper/main/lama31/seed1/iter1/eval/auto/gsm9k/exat/scores.json",
        "did you mean results/paper/main/llama31/seed1/iter1/eval/auto/gsm8k/exact/scores.json?",
    ),
    "a mode of evaluation in a path of exploration": (
        "-n results/paper/main/llama31/seed1/explore/native/queries/rollouts.parquet",
        "the paths that exist are listed at the top of the Snakefile",
    ),
    "a seed of zero": ("-n results/demo/start/tiny/seed0/model", "did you mean results/demo/start/tiny/seed1/model?"),
    "a table that is not there": ("-n results/demo/tables/mian.csv", "did you mean results/demo/tables/main.csv?"),
    "a benchmark of all runs": ("-n data/benchmarks/gsm9k.parquet", "did you mean data/benchmarks/gsm8k.parquet?"),
    "a pool of the other method": (
        "-n results/demo/start/tiny/seed1/explore/code/web1/rollouts.parquet",
        "snakemake: run 'demo' (method autocode) has no pool 'web1'; it has: queries",
    ),
    "a critic that the run has not": (
        "-n results/demo/critics/main/seed1/model",
        "run 'demo' (method autocode) has no critic 'main'; it has: none",
    ),
    "a log of others that is not there": ("-n results/external/me/tables/main.csv", "data/external/me.jsonl"),
    "a typo in an override": (
        "-n demo --config 'demo={explore: {sampels: 2}}'",
        "snakemake: --config demo: key 'explore.sampels': there is no such key; did you mean 'samples'?",
    ),
    "a wrong type in an override": (
        "-n demo --config 'demo={explore: {samples: many}}'",
        "key 'explore.samples': input should be a valid integer",
    ),
    "no blank behind a colon in an override": (
        "-n demo --config demo={explore:{samples:2}}",
        "key 'explore.samples:2': there is no such key; YAML needs a space after a colon",
    ),
    "an unknown name in an override": (
        "-n demo --config 'demo={build: {families: [tinny]}}'",
        "unknown family 'tinny'; did you mean 'tiny'?",
    ),
    "a key with dots in an override": (
        "-n demo --config 'demo={explore.samples: 2}'",
        "snakemake: --config demo: key 'explore.samples': there is no such key; write explore: {samples: ...}",
    ),
    "a section beside the settings of an experiment": (
        "-n demo --config 'demo={experiments: {cheap: {label: x, estimate: {price: 0.1}}}}'",
        "key 'experiments.cheap.estimate': there is no such key; sections that it overrides stand under its key 'settings'",
    ),
    "an unknown experiment in an override": (
        "-n demo --config 'demo={build: {experiments: [mian]}}'",
        "snakemake: --config demo: unknown experiment 'mian'; did you mean 'main'?",
    ),
    "a path from the root": ("-n $/results/demo/start/tiny/seed1/model", "did you mean results/demo/start/tiny/seed1/model?"),
    "a wrong path from the root": ("-n $/results/dmo/start/tiny/seed1/model", "did you mean results/demo/start/tiny/seed1/model?"),
    "a number in place of a list in an override": (
        "-n demo --config 'demo={build: {seeds: 2}}'",
        "snakemake: --config demo: key 'build.seeds': expected a list: [2]",
    ),
    "no target": ("--profile local --cores 1", "no target was named, and that means both papers: name a run, such as demo"),
    "a path without its ending": (
        "-n results/demo/main/tiny/seed1/iter1/q_values",
        "did you mean results/demo/main/tiny/seed1/iter1/q_values.parquet?",
    ),
    "the report as a target": ("-n reports/demo.html", "`snakemake demo --report reports/demo.html` writes it"),
    "an override that names no run": ("-n demo --config 'explore={samples: 2}'", "--config explore: unknown run 'explore'; there are: "),
    "an override that is not closed": (
        "-n demo --config 'demo={explore: {samples: 2'",
        "--config demo: expected keys and values, as in --config demo='",
    ),
    "a mirror that is not there": (
        "-n demo --config mirror=/nowhere",
        "snakemake: --config mirror=/nowhere: no such folder; fill_mirror.py makes",
    ),
    "a profile that is not there": ("-n demo --profile lokal", "profile directory given (lokal), but no"),
    "no number of cores": ("demo", "cores have to be specified for local execution (use --cores N"),
    "an engine without vLLM": (
        "laptop --cores 1 --config 'laptop={engine: {python: /nowhere/python}}'",
        "'/nowhere/python' (engine.python) has no vLLM: turn conda on",
    ),
    "conda that is missing": ("data/benchmarks/arithmetic_test.parquet --cores 1 --sdm conda", "Is conda installed and accessible?"),
    "SLURM that does not answer": ("demo --profile slurm", "start from a login node of the cluster, or take --profile local"),
}


@pytest.mark.workflow
@pytest.mark.parametrize("case", PLAN)
def test_snakemake(checkout, case):
    words, said = PLAN[case]
    done = snakemake(*shlex.split(words.replace("$", str(checkout))), cwd=checkout, SLURM_CONF="/nowhere/slurm.conf")
    assert done.returncode == 1, done.stdout[-2000:]
    assert said in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.workflow
def test_a_partition_that_the_cluster_has_not(tmp_path):
    """The cluster is a `sinfo` that lists its partitions if it is asked as `rules/cluster.smk` asks; nothing is submitted."""
    folder = copied(tmp_path / "checkout")
    partitions = folder / "slurm/partitions.yaml"
    partitions.write_text(partitions.read_text().replace("cpu: cpu", "cpu: gpu,nope"))
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "sinfo").write_text("#!/bin/sh\n[ \"$*\" = '--all --noheader --format=%R' ] && printf 'gpu\\na100\\n'\n")
    (programs / "squeue").write_text("#!/bin/sh\n")  # the executor looks for it first
    for program in programs.iterdir():
        program.chmod(0o755)
    done = snakemake("demo", "--profile", "slurm", cwd=folder, PATH=f"{programs}{os.pathsep}{environment()['PATH']}")
    assert (done.returncode, "Traceback" in done.stdout) == (1, False), done.stdout[-2000:]
    sentence = "slurm/partitions.yaml: this cluster has no partition 'nope'; it has: gpu, a100"
    assert sentence in map(str.strip, done.stdout.splitlines())
    assert not (folder / "data/raw").exists()


EDITS = {
    "an unknown key": (
        "runs/paper.yaml",
        "description:",
        "sampels: 3\ndescription:",
        "runs/paper.yaml: key 'sampels': there is no such key",
    ),
    "a bracket left open": ("methods/autocode.yaml", "iterations: 2", "iterations: [2", "autocode.yaml: not YAML"),
}


@pytest.mark.workflow
@pytest.mark.parametrize("case", EDITS)
def test_an_edit_of_the_settings(checkout, tmp_path, case):
    file, old, new, said = EDITS[case]
    shutil.copytree(ROOT / "config", tmp_path / "config")
    text = (tmp_path / "config" / file).read_text()
    assert old in text
    (tmp_path / "config" / file).write_text(text.replace(old, new, 1))
    done = snakemake("-n", "paper", "--config", f"config_folder={tmp_path / 'config'}", cwd=checkout)
    assert (done.returncode, "Traceback" in done.stdout) == (1, False)
    assert said in done.stdout.strip().splitlines()[-1]


@pytest.mark.workflow
@pytest.mark.parametrize("target", ["mine", "results/mine/tables/main.csv", "reports/mine.html", "all"])
def test_a_run_that_is_wrong_stands_in_the_way_of_no_other(checkout, tmp_path, target):
    shutil.copytree(ROOT / "config", tmp_path / "config")
    name = "siam" if target == "all" else "mine"
    (tmp_path / f"config/runs/{name}.yaml").write_text("extends: siam_demo\nsampels: 3\n")
    told = ("-n", "--config", f"config_folder={tmp_path / 'config'}")
    sentence = f"{tmp_path}/config/runs/{name}.yaml: key 'sampels': there is no such key"
    done = snakemake(target, *told, cwd=checkout)
    assert (done.returncode, "Traceback" in done.stdout) == (1, False), done.stdout[-2000:]
    assert sentence in done.stdout.strip().splitlines()[-1]
    other = snakemake("demo", *told, cwd=checkout)
    assert other.returncode == 0, other.stdout[-2000:]
    assert f"left out: {sentence}" in other.stdout


@pytest.mark.workflow
def test_runs_whose_files_are_misnamed_stand_in_the_way_of_no_other(checkout, tmp_path):
    shutil.copytree(ROOT / "config", tmp_path / "config")
    runs = tmp_path / "config/runs"
    for name in ("my-run", "all", "judge_cases"):
        (runs / f"{name}.yaml").write_text("extends: demo\n")
    told = ("-n", "--config", f"config_folder={tmp_path / 'config'}")
    done = snakemake("demo", *told, cwd=checkout)
    assert done.returncode == 0, done.stdout[-2000:]
    for name in ("all", "judge_cases"):
        assert f"left out: {runs}/{name}.yaml: a rule of the workflow is called '{name}' too: rename the file" in done.stdout
    done = snakemake("my-run", *told, cwd=checkout)
    assert done.returncode == 1
    sentence = f"{runs}/my-run.yaml: 'my-run' cannot be a name: names consist of lowercase letters, digits and _, and begin with a letter"
    assert f"{sentence}, such as 'my_run': rename the file" in done.stdout.splitlines()  # beside the line that begins with "left out"


@pytest.mark.workflow
@pytest.mark.parametrize(
    ("content", "said"),
    [("gpu: [a", ": not YAML: "), ("gpu", ": expected keys and values"), ("gpu: 1\ncpu: cpu", ": key 'gpu': expected text: '1'")],
)
def test_partitions_that_are_none(tmp_path, content, said):
    folder = copied(tmp_path / "checkout")
    (folder / "slurm/partitions.yaml").write_text(content)
    done = snakemake("-n", "demo", cwd=folder)
    assert (done.returncode, "Traceback" in done.stdout) == (1, False), done.stdout[-2000:]
    assert done.stdout.strip().splitlines()[-1].startswith(f"snakemake: {folder}/slurm/partitions.yaml{said}")


@pytest.mark.workflow
def test_a_column_that_is_missing_is_refused_while_planning(checkout, tmp_path):
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror/own.csv").write_text("exercise,key\n1 + 1?,2\n")
    path = tmp_path / "config/sources.yaml"
    own = "  own: {license: mine, files: [{path: own.csv}]}"
    row = "  own: {source: own, reader: columns, columns: {question: exercize, answer: key}}"
    path.write_text(path.read_text().replace("\nsources:\n", f"\nsources:\n{own}\n").replace("\nqueries:\n", f"\nqueries:\n{row}\n"))
    told = [f"config_folder={tmp_path / 'config'}", f"mirror={tmp_path / 'mirror'}"]
    done = snakemake("-n", "data/queries/own.parquet", "--config", *told, cwd=checkout)
    assert done.returncode == 1
    sentence = f"queries 'own': key 'columns.question' names 'exercize', a column that source 'own' lacks ({tmp_path / 'mirror/own.csv'})"
    assert done.stdout.strip().splitlines()[-1] == f"snakemake: {path}: {sentence}; did you mean 'exercise'?"


OWN = """
  own: {license: mine, files: [{path: own.csv}]}
"""


@pytest.fixture
def with_own_file(checkout) -> Iterator[Path]:
    """The file of a source of one's own, which a benchmark is made of."""
    path, settings_of_sources = checkout / "data/mirror/own.csv", checkout / "config/sources.yaml"
    before = settings_of_sources.read_text()
    row = "  own: {source: own, reader: columns, columns: {question: q, answer: a}}"
    changed = before.replace("\nsources:\n", f"\nsources:{OWN}", 1).replace("\nbenchmarks:\n", f"\nbenchmarks:\n{row}\n", 1)
    settings_of_sources.write_text(changed)
    path.parent.mkdir(parents=True, exist_ok=True)
    yield path
    settings_of_sources.write_text(before)
    shutil.rmtree(path.parent / "raw/own", ignore_errors=True)


@pytest.mark.workflow
def test_an_edited_file_of_ones_own_is_fetched_again(checkout, with_own_file):
    target = "data/benchmarks/own.parquet"
    missing = snakemake("-n", target, cwd=checkout)
    assert missing.stdout.strip().splitlines()[-1] == (
        "snakemake: source 'own': data/mirror/own.csv is not there, and config/sources.yaml names no other place for it"
    )
    with_own_file.write_text("q,a\n1 + 1?,2\n2 + 2?,\n")
    wrong = snakemake(target, "--profile", "local", "--cores", "1", cwd=checkout)
    assert "row 2: benchmark 'own': no gold answer can be extracted" in wrong.stdout
    for answer in ("4", "five"):
        with_own_file.write_text(f"q,a\n1 + 1?,2\n2 + 2?,{answer}\n")
        done = snakemake(target, "--cores", "1", cwd=checkout)
        assert done.returncode == 0, done.stdout[-2000:]
        assert pl.read_parquet(checkout / target)["gold"].to_list() == ["2", answer]
        shutil.copytree(checkout / "data/raw/own", with_own_file.parent / "raw/own", dirs_exist_ok=True)  # as fill_mirror.py fills it
    assert planned(target, cwd=checkout) == {}


@pytest.mark.workflow
def test_a_job_whose_file_is_missing_says_so_in_the_terminal(checkout):
    done = snakemake("data/benchmarks/gaokao2023en.parquet", "--profile", "local", "--cores", "1", cwd=checkout)
    assert done.returncode == 1
    assert "fetch_source.py: source 'gaokao2023en' cannot be fetched: mirror: no file data/mirror/gaokao2023en/test.jsonl.gz" in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.workflow
def test_two_snakemakes_at_once(checkout):
    first = subprocess.Popen(
        [*SNAKEMAKE, "data/sft/arithmetic_sft.parquet", "--cores", "1"],
        cwd=checkout,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while not [*(checkout / ".snakemake/locks").glob("*")]:
            time.sleep(0.05)
            assert first.poll() is None
        os.killpg(first.pid, signal.SIGSTOP)  # else it may end before the second begins
        done = snakemake("data/sft/arithmetic_sft.parquet", "--profile", "local", "--cores", "1", cwd=checkout)
    finally:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
        snakemake("--unlock", cwd=checkout)
    assert done.returncode == 1
    assert "no other Snakemake process is trying to create the same files" in " ".join(done.stdout.split())
    assert "--unlock" in done.stdout
    assert "Traceback" not in done.stdout
