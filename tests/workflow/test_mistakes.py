"""Mistakes that a user makes with a program: what is done, with which command, and what the one sentence at the end must say.

Mistakes in data of one's own are in `test_mistakes_in_data.py`, those with Snakemake in `test_mistakes_with_snakemake.py`.
The list is complete in these three but for long series of one kind: keys and values of settings (`tests/test_configuration.py`),
hostile JSON lines (`tests/core/test_lines.py`), tables that are not what they declare (`tests/core/test_table_files.py`), judges that
are not there (`tests/critic/test_critic_judge.py`), a full disk (`tests/rollouts/test_loop.py`,
`tests/training/test_training_programs.py`), choices of `setup.sh` (`tests/repository/test_environments.py`).
A program that a model wrote and that runs out of memory or time is no mistake but an outcome (`tests/interpreter`).
An edited setting of a finished run is none either: what it changes runs again, and a dry run gives the reason.
"""

import json
import resource
import shutil
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import polars as pl
import pytest
from support.mistakes import refused, run
from support.running import ROOT, program, run_here, run_program

from mathcode import configuration, settings, tables
from mathcode.methods.autocode import demonstrations
from mathcode.paths import Policy

DEMO = configuration.load(ROOT / "config").runs["demo"]


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
    "a list in place of lines": (
        "grade_answers",
        {"pairs": "$/list.json", "out": "$/out.jsonl"},
        ["list.json: line 1: no JSON (Expecting value at character 2); every line must be one JSON object"],
    ),
    "no worker to judge": (
        "grade_answers",
        {"pairs": "$/empty.jsonl", "out": "$/out.jsonl", "workers": "0"},
        ["--workers: input should be greater than or equal to 1"],
    ),
    "no time for an answer": (
        "grade_responses",
        {"responses": "$/empty.jsonl", "out": "$/out.jsonl", "timeout": "0"},
        ["--timeout: input should be greater than 0"],
    ),
    "no memory for programs": (
        "execute_programs",
        {"programs": "$/empty.jsonl", "out": "$/out.jsonl", "memory_mb": "0"},
        ["--memory-mb: input should be greater than or equal to 1"],
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
        ["no model here (config.json is missing); build it with: snakemake --profile local results/demo/main/tiny/seed9/iter9/model"],
    ),
    "a temperature below zero": (
        "chat_with_policy results/demo/main/tiny/seed9/iter9/model",
        {"question": "?", "temperature": "-1"},
        ["--temperature: key 'temperature': input should be greater than or equal to 0"],
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
    (tmp_path / "list.json").write_text('[\n  {"id": 1}\n]\n')
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
        ["the gradient's norm is nan at step 2: lower the learning rate"],
    ),
    "a loss for other rows": ({"loss": "dpo", "numbers": {}}, {}, ["is for a loss of kind 'likelihood'; the loss asked for reads 'pair'"]),
    "a loss that is not there": ({"loss": "ppo"}, {}, ["unknown loss 'ppo'; did you mean 'dpo'?"]),
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
