"""Mistakes that a user makes: what is done, with which command, and what the one sentence at the end must say.

The list is complete here but for long series of one kind: keys and values of settings (`tests/test_configuration.py`), hostile JSON
lines (`tests/core/test_lines.py`), tables that are not what they declare (`tests/core/test_table_files.py`), judges that are not there
(`tests/critic/test_critic_judge.py`), a full disk (`tests/rollouts/test_loop.py`, `tests/training/test_training_programs.py`), choices
of `setup.sh` (`tests/repository/test_environments.py`).
A program that a model wrote and that runs out of memory or time is no mistake but an outcome (`tests/interpreter`).
An edited setting of a finished run is none either: what it changes runs again, and a dry run gives the reason.
"""

import gzip
import json
import os
import resource
import shlex
import shutil
import signal
import subprocess
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import polars as pl
import pytest
from support.checkout import SNAKEMAKE, snakemake
from support.running import ROOT, environment, program, run_here, run_program

from mathcode import configuration, settings, tables
from mathcode.methods.autocode import demonstrations
from mathcode.paths import Policy

DEMO = configuration.load(ROOT / "config").runs["demo"]
JSON_LINES = b'{"q": "1 + 1?", "a": 2}\n{"q": "1 + 2?", "a": 3}\n'


def refused(done, name: str, *said: str) -> str:
    """The last words of a program that has failed as it should: one line, of its own, with all that must be said."""
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    sentence = done.stderr.strip().splitlines()[-1]
    assert sentence.startswith(f"{name}.py: ")
    for words in said:
        assert words in sentence
    return sentence


def run(name: str, /, **options: object):
    """Run a program here, with options by name."""
    return run_here(*program(name, *(word for option, value in options.items() for word in (f"--{option.replace('_', '-')}", value))))


# --- Files of one's own: (name of the file, its bytes or None for none, what else is said of it, words of the sentence) ---
FILES = {
    "a file that is not there": ("own.jsonl", None, {}, ["source 'own' cannot be fetched: mirror: no file ", "own.jsonl"]),
    "an empty file": ("own.jsonl", b"", {}, ["own.jsonl: 0 rows, config/sources.yaml says at least one"]),
    "CSV with nothing but a header": ("own.csv", b"q,a\n", {}, ["own.csv: 0 rows"]),
    "JSON lines in Latin-1": (
        "own.jsonl",
        '{"q": "größer"}\n'.encode("latin-1"),
        {},
        ["row 1 (line 1): not UTF-8", "save the file as UTF-8"],
    ),
    "JSON lines in UTF-16": ("own.jsonl", JSON_LINES.decode().encode("utf-16"), {}, ["row 1 (line 1): not UTF-8 text"]),
    "CSV in Latin-1": ("own.csv", "q,a\ngrößer,1\n".encode("latin-1"), {}, ["own.csv: not UTF-8 text", "save the file as UTF-8"]),
    "a broken line of JSON": ("own.jsonl", JSON_LINES + b'{"q": "x"\n', {}, ["own.jsonl: row 3 (line 3): no JSON (Expecting ','"]),
    "a line that is a list": ("own.jsonl", b"[1]\n", {}, ["own.jsonl: row 1 is a list, not a JSON object"]),
    "a key that stands twice": ("own.jsonl", b'{"q": 1, "q": 2}\n', {}, ["row 1 (line 1): key 'q' stands twice"]),
    "an object in place of a list": ("own.json", b'{"data": []}', {}, ["own.json: expected a JSON list of records"]),
    "CSV with ragged rows": ("own.csv", b"q,a\n1,2\n1,2,3\n", {}, ["own.csv: row 2 (line 3): 3 values, and the header has 2 names"]),
    "CSV with a column twice": ("own.csv", b"q,q\n1,2\n", {}, ["the header needs a name of its own for each column: q, q"]),
    "CSV with a quote left open": ("own.csv", b'q,a\n1,"2\n', {}, ["own.csv: line 2: unexpected end of data"]),
    "parquet that is none": ("own.parquet", JSON_LINES, {}, ["own.parquet: not a readable parquet file"]),
    "gzip that is none": ("own.jsonl.gz", JSON_LINES, {}, ["own.jsonl.gz: damaged gzip file"]),
    "gzip that is cut off": ("own.jsonl.gz", gzip.compress(JSON_LINES)[:-9], {}, ["own.jsonl.gz: damaged gzip file"]),
    "a spreadsheet": ("own.xlsx", b"PK", {}, ["own.xlsx: unknown kind of file; known are .jsonl, "]),
    "another file than the checksum's": (
        "own.jsonl",
        JSON_LINES,
        {"sha256": "0" * 64},
        ["own.jsonl: SHA-256", "says 000", "copy the file again"],
    ),
    "other rows than are configured": ("own.jsonl", JSON_LINES, {"rows": 3}, ["own.jsonl: 2 rows, config/sources.yaml says 3"]),
}


def fetched(folder: Path, name: str, content: bytes | None, **said):
    """A file in a mirror folder, fetched from there."""
    (folder / "mirror").mkdir()
    if content is not None:
        (folder / "mirror" / name).write_bytes(content)
    source = json.dumps({"license": "mine", "files": [{"path": name, **said}]})
    return run("fetch_source", name="own", mirror=folder / "mirror", source=source, out=folder / "raw/own")


@pytest.mark.parametrize("case", FILES)
def test_a_file_of_ones_own(tmp_path, case):
    name, content, more, said = FILES[case]
    refused(fetched(tmp_path, name, content, **more), "fetch_source", *said)
    assert not [*(tmp_path / "raw").iterdir()]


# --- Columns of such a file: (bytes of own.csv or own.jsonl, how it is read, words of the sentence) ---
READ = {"reader": "columns", "columns": {"question": "q", "answer": "a"}}
COLUMNS = {
    "a column that is missing": (b"question,a\n1 + 1?,2\n", READ, ["own.csv: row 1: key 'q' is missing", "the record has: question, a"]),
    "semicolons in place of commas": (b"q;a\n1 + 1?;2\n", READ, ["own.csv: row 1: key 'q' is missing", "the record has: q;a"]),
    "a benchmark with an item without answer": (b"q,a\n1 + 1?,\n", READ, ["own.csv: row 1: benchmark 'own': no gold answer"]),
    "a benchmark with an empty question": (b"q,a\n ,2\n", READ, ["own.csv: row 1: benchmark 'own': no question"]),
    "a question that is null": (b'{"q": null, "a": 1}\n', READ, ["own.jsonl: row 1: key 'q' must be text, not null"]),
    "an answer that is a list": (b'{"q": "x", "a": ["1"]}\n', READ, ["own.jsonl: row 1: key 'a' must be text or a number, not a list"]),
    "an answer that is true": (b'{"q": "x", "a": true}\n', READ, ["own.jsonl: row 1: key 'a' must be text or a number, not true or false"]),
    "an answer that is NaN": (b'{"q": "x", "a": NaN}\n', READ, ["own.jsonl: row 1: nan is no finite number"]),
    "a number of items that is not the configured one": (JSON_LINES, READ | {"rows": 7}, ["'own' has 2 rows, config/sources.yaml says 7"]),
    "a reader that is not there": (JSON_LINES, {"reader": "gsm9k"}, ["no reader 'gsm9k'; there are: gsm8k, "]),
}


@pytest.mark.parametrize("case", COLUMNS)
def test_columns_of_ones_own(tmp_path, case):
    content, how, said = COLUMNS[case]
    assert fetched(tmp_path, "own.jsonl" if content.startswith(b"{") else "own.csv", content).returncode == 0
    chosen = json.dumps({"source": "own", **how})
    done = run("prepare_queries", raw=tmp_path / "raw/own", dataset="own", kind="benchmark", settings=chosen, out=tmp_path / "own.parquet")
    refused(done, "prepare_queries", *said)
    assert not (tmp_path / "own.parquet").exists()


def test_training_questions_of_which_none_is_left(tmp_path):
    assert fetched(tmp_path, "own.csv", b"q,a\n1 + 1?,\n").returncode == 0
    chosen = json.dumps({"source": "own", **READ})
    done = run("prepare_queries", raw=tmp_path / "raw/own", dataset="own", kind="training", settings=chosen, out=tmp_path / "own.parquet")
    refused(done, "prepare_queries", "'own' has 0 rows, config/sources.yaml says at least one")


# --- Programs by hand: (program, its options, in which $ is the test's folder; words of the sentence) ---
SAMPLING = settings.dumps({"sampling": DEMO.explore.sampling, "engine": DEMO.engine, "interpreter": DEMO.interpreter})
GRADING = {"queries": "$/queries.parquet", "out": "$/out.parquet", "method": "autocode", "checkpoints": "$/kept"}
GRADING |= {"settings": settings.dumps(DEMO.grading), "rollouts": "$/rollouts.parquet"}
BY_HAND = {
    "ids that repeat": ("execute_programs", {"programs": "$/twice.jsonl", "out": "$/out.jsonl"}, ["line 2: id 1 stands in line 1 already"]),
    "rows of another program": (
        "grade_answers",
        {"pairs": "$/twice.jsonl", "out": "$/out.jsonl"},
        ["line 1: key 'gold' is missing; every row"],
    ),
    "a path that is wrong": (
        "grade_answers",
        {"pairs": "$/none.jsonl", "out": "$/out.jsonl"},
        ["No such file or directory: '", "none.jsonl"],
    ),
    "a folder in place of a file": ("grade_answers", {"pairs": "$/", "out": "$/out.jsonl"}, ["Is a directory: '"]),
    "an output that cannot be written": ("grade_answers", {"pairs": "$/empty.jsonl", "out": "/proc/out.jsonl"}, ["'/proc/"]),
    "a table that is not there": (
        "grade_rollouts",
        GRADING | {"judge": "exact"},
        ["queries.parquet: no such file; it should hold the table 'queries'"],
    ),
    "raw data that were not fetched": (
        "prepare_queries",
        {
            "raw": "$/none",
            "dataset": "own",
            "kind": "benchmark",
            "settings": '{"source": "own", "reader": "gsm8k"}',
            "out": "$/out.parquet",
        },
        ["none/manifest.json: no readable manifest of a fetched source", "remove the folder, and it is fetched again"],
    ),
    "a source that says nothing of a place": (
        "fetch_source",
        {"name": "own", "source": '{"license": "mine"}', "out": "$/own"},
        ["source 'own' cannot be fetched: it has no mirrored file; no public address is configured; it has no hub dataset"],
    ),
    "a generator that is not there": (
        "fetch_source",
        {"name": "own", "source": '{"license": "mine", "generate": {"generator": "arithmetik"}}', "out": "$/own"},
        ["source 'own': no generator 'arithmetik'; there are: arithmetic, "],
    ),
    "a model folder that is not there": (
        "fetch_model",
        {"name": "own", "path": "$/none", "out": "$/own"},
        ["none: no model here (config.json"],
    ),
    "a family without a model": (
        "fetch_model",
        {"name": "own", "out": "$/own"},
        ["family 'own' names neither a local folder (path) nor a hub"],
    ),
    "a hub id that cannot be one": (
        "fetch_model",
        {"name": "own", "hub": "a/b/c", "out": "$/own"},
        ["a/b/c at its newest", "'namespace/repo_name'"],
    ),
    "a run to compare that is not there": ("compare_runs $/one $/two", {"out_dir": "$/compared"}, ["one: no such folder"]),
    "a run to explain that is not there": ("explain_settings dmo", {}, ["unknown run 'dmo'; did you mean 'demo'?"]),
    "a setting to explain that is not there": ("explain_settings demo", {"only": "explore.sample"}, ["did you mean 'explore.samples'?"]),
    "a policy that is not one of a run": (
        "chat_with_policy $/",
        {},
        ["no policy of a configured run; such a folder is results/RUN/POLICY/model"],
    ),
    "a policy that was not trained yet": (
        "chat_with_policy results/demo/main/tiny/seed9/iter9/model",
        {"question": "?"},
        ["no model here (config.json is missing)"],
    ),
    "a mirror of a run that is not there": ("fill_mirror labtop", {"out": "$/mirror"}, ["unknown run 'labtop'; did you mean 'laptop'?"]),
    "a mirror that cannot be written": ("fill_mirror laptop", {"out": "/proc/mirror"}, ["'/proc/mirror'"]),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_a_program_by_hand(tmp_path, monkeypatch, case):
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (tmp_path / "twice.jsonl").write_text('{"id": 1, "program": ""}\n' * 2)
    (tmp_path / "empty.jsonl").write_text("")
    command, options, said = BY_HAND[case]
    name, *words = command.replace("$", str(tmp_path)).split()
    flags = [word for option, value in options.items() for word in (f"--{option.replace('_', '-')}", value.replace("$/", f"{tmp_path}/"))]
    refused(run_here(*program(name, *words, *flags)), name, *said)


# --- Model folders: (what is done to a good one, words of the sentence) ---
def edit(file: str, **keys):
    """Change keys of a JSON file; None takes one away."""

    def change(folder: Path) -> None:
        held = json.loads((folder / file).read_text()) | keys
        (folder / file).write_text(json.dumps({key: value for key, value in held.items() if value is not None}))

    return change


def lose(*names: str):
    return lambda folder: [(folder / name).unlink() for name in names]


def cut(name: str, size: int):
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:size])


MODELS = {
    "without config.json": (lose("config.json"), ["no model here (config.json is missing)"]),
    "with a broken config.json": (cut("config.json", 9), ["its config.json cannot be read"]),
    "without tokenizer": (lose("tokenizer.json", "tokenizer_config.json"), ["its tokenizer cannot be read", "the folder must be whole"]),
    "with a broken tokenizer": (cut("tokenizer.json", 9), ["its tokenizer cannot be read"]),
    "without weights, half deleted": (
        lose("model.safetensors"),
        ["its language model cannot be read", "model.safetensors", "must be whole"],
    ),
    "with weights that are cut off": (cut("model.safetensors", 1000), ["its language model cannot be read", "the folder must be whole"]),
    "of a kind that nobody knows": (edit("config.json", model_type="foo"), ["`foo`", "transformers must know its kind"]),
    "of a kind that writes no text": (edit("config.json", model_type="vit"), ["its language model cannot be read"]),
    "without a token to pad with": (
        edit("tokenizer_config.json", pad_token=None, eos_token=None),
        ["its tokenizer has neither pad_token nor eos_token: name them in tokenizer_config.json"],
    ),
    "of fewer positions than are asked for": (
        edit("config.json", max_position_embeddings=64),
        ["engine.max_model_len is 160, and the model has 64 positions (config.json): lower the setting"],
    ),
}


def sampled(folder: Path, model: Path, told: dict | None = None, **options):
    """Sample one response of a policy."""
    row = {"query_id": "a", "dataset": "own", "question": "What is 2 + 3?", "gold": "5", "level": None, "type": None}
    tables.QUERIES.write(pl.DataFrame([row | {"language": "en", "values": None}], schema=tables.QUERIES.schema), folder / "queries.parquet")
    chosen = settings.merge(settings.merge(json.loads(SAMPLING), {"engine": {"max_model_len": 160}}), told or {})
    given = {
        "model": model,
        "queries": folder / "queries.parquet",
        "mode": "code",
        "out": folder / "rollouts.parquet",
        "samples": 1,
        "seed": 1,
    }
    given |= {"method": "autocode", "profile": "plain", "checkpoints": folder / "kept", "settings": json.dumps(chosen)}
    return run("sample_rollouts", **(given | options))


@pytest.mark.parametrize("case", MODELS)
def test_a_model_folder(tmp_path, tiny_policy, case):
    change, said = MODELS[case]
    model = shutil.copytree(tiny_policy, tmp_path / "model")
    change(model)
    sentence = refused(sampled(tmp_path, model), "sample_rollouts", *said)
    assert str(model) in sentence
    assert not (tmp_path / "rollouts.parquet").exists()


ASKED = {
    "an engine that is not installed": ({"engine": {"name": "vllm"}}, {}, ["engine vllm is not installed", "see docs/engines.md"]),
    "prompts too long for the engine": (
        {"engine": {"max_model_len": 4}},
        {},
        ["every prompt in mode code is longer than 3 tokens", "max_model_len"],
    ),
    "a type of numbers that is not there": (
        {"engine": {"dtype": "float23"}},
        {},
        ["--settings: key 'engine.dtype': input should be 'float32'"],
    ),
    "a mode that the method has not": ({}, {"mode": "cod"}, ["method autocode has no mode 'cod'; it has native, "]),
    "a prompt that is not there": ({}, {"profile": "plian"}, ["unknown prompt profile 'plian'; there are: deepseek, "]),
}


@pytest.mark.parametrize("case", ASKED)
def test_sampling_that_asks_for_what_there_is_not(tmp_path, trained_policy, case):
    told, options, said = ASKED[case]
    refused(sampled(tmp_path, trained_policy, told, **options), "sample_rollouts", *said)


@pytest.mark.stage
def test_a_module_that_programs_cannot_import(tmp_path):
    content = b'{"q": "1 + 1?", "a": 2, "s": "```python\\nimport numpy\\nprint(2)\\n```"}\n'
    assert fetched(tmp_path, "own.jsonl", content).returncode == 0
    limits = {"timeout": 5, "memory_mb": 512, "output_chars": 400, "preload": ["numpyy"]}
    chosen = json.dumps({"source": "own"} | READ | {"columns": READ["columns"] | {"solution": "s"}})
    out = {"settings": chosen, "interpreter": json.dumps(limits), "out": tmp_path / "own.parquet"}
    refused(run("prepare_sft", raw=tmp_path / "raw/own", dataset="own", **out), "prepare_sft", "No module named 'numpyy'")


def test_a_tokenizer_without_chat_template(tiny_policy):
    refused(
        run_here(*program("show_chat_frame", tiny_policy)), "show_chat_frame", "has no chat template; take a prompt profile, such as alpaca"
    )


# --- Training: (what is changed in its settings, its family, words of the sentence) ---
TRAINING = {
    "responses longer than is allowed": ({"optimizer": {"max_tokens": 3}}, {}, ["none of 50 responses fits into max_tokens = 3"]),
    "a loss that runs away": (
        {"optimizer": {"learning_rate": [1e30], "optimizer": "adamw"}},
        {},
        ["the loss is nan at step", "lower the learning rate"],
    ),
    "a loss for other rows": ({"loss": "dpo", "numbers": {}}, {}, ["is for a loss of kind 'likelihood'; the loss asked for reads 'pair'"]),
    "a loss that is not there": ({"loss": "ppo"}, {}, ["unknown loss 'ppo'; there are: likelihood, "]),
    "another prompt than the data's": ({}, {"prompt": "alpaca"}, ["is not in the frame", "was it made with another prompt profile?"]),
}


def trained(folder: Path, model: Path, pairs: pl.DataFrame, told: dict, family: dict, more: int = 1):
    """Train a policy on demonstrations, each `more` times."""
    from mathcode.policies import folders

    shown = demonstrations.demonstrations(pairs, folders.load_tokenizer(model), "plain", DEMO.start, 1)
    tables.TRAINING.write(pl.concat([shown] * more), folder / "training.parquet")
    method = configuration.METHODS["autocode"]
    chosen = json.loads(settings.dumps(method.training(DEMO, Policy("start", "tiny", 1))))
    of = json.loads(settings.dumps(configuration.load(ROOT / "config").families["tiny"]))
    outputs = {f"out_{name}": folder / name for name in ("model", "log", "settings", "provenance")}
    given = {"training": folder / "training.parquet", "model": model, "seed": 1, "checkpoints": folder / "kept", **outputs}
    return run("train_policy", **given, family=json.dumps(of | family), settings=json.dumps(settings.merge(chosen, told)))


@pytest.mark.parametrize("case", TRAINING)
def test_training(tmp_path, tiny_policy, pairs, case):
    told, family, said = TRAINING[case]
    refused(trained(tmp_path, tiny_policy, pairs, told, family), "train_policy", *said)
    assert not (tmp_path / "model").exists()


def test_training_that_needs_more_memory_than_there_is(tmp_path, tiny_policy, pairs):
    """A micro-batch of half a million tokens needs gigabytes; this process may take a quarter of one more than it has."""
    told = {"optimizer": {"batch": 10**5, "micro_batch_tokens": 10**9}}
    limits, pages = resource.getrlimit(resource.RLIMIT_AS), int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 2**28, limits[1]))
    try:
        done = trained(tmp_path, tiny_policy, pairs, told, {}, more=100)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
    refused(done, "train_policy", "out of memory (", "optimizer.micro_batch_tokens", "resources.STAGE.memory_gb")


class Gate(BaseHTTPRequestHandler):
    """Answers as the hub does where a model is gated and the asker has no access."""

    def do_GET(self) -> None:
        self.send_response(403)
        self.send_header("X-Error-Code", "GatedRepo")
        self.send_header("X-Error-Message", "Access to this model is restricted.")
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *_) -> None: ...


@pytest.mark.stage
def test_a_gated_model_names_licence_and_token(tmp_path):
    server = HTTPServer(("127.0.0.1", 0), Gate)
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    words = program("fetch_model", "--name", "llama31", "--hub", "meta-llama/Llama-3.1-8B", "--out", tmp_path / "model")
    done = run_program(*words, HF_ENDPOINT=address, HF_HUB_OFFLINE="0")
    server.shutdown()
    refused(done, "fetch_model", f"is a gated model: accept its licence at {address}/meta-llama/Llama-3.1-8B", "into HF_TOKEN")


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
    done = snakemake(*shlex.split(words), cwd=checkout, SLURM_CONF="/nowhere/slurm.conf")
    assert done.returncode == 1, done.stdout[-2000:]
    assert said in done.stdout
    assert "Traceback" not in done.stdout


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
    done = snakemake("-n", "demo", "--config", f"config_folder={tmp_path / 'config'}", cwd=checkout)
    assert (done.returncode, "Traceback" in done.stdout) == (1, False)
    assert said in done.stdout.strip().splitlines()[-1]


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
