"""Settings: every shipped run is valid, and everything that is not is refused by one sentence."""

import math
import re
import shutil

import pytest
import yaml
from support.configured import ADAMW, change

from mathcode import configuration, settings
from mathcode.configuration import places
from mathcode.settings.files import read_yaml


def test_the_grading_of_what_is_evaluated_may_differ(root):
    run = configuration.load(root / "config").runs["demo"]
    assert run.evaluation_grading == run.grading
    other = run.model_copy(update={"evaluate": run.evaluate.model_copy(update={"grading": {"extraction": "deepseek_math"}})})
    assert other.evaluation_grading == run.grading.model_copy(update={"extraction": "deepseek_math"})
    wrong = run.model_copy(update={"evaluate": run.evaluate.model_copy(update={"grading": {"extracting": "x"}})})
    with pytest.raises(settings.SettingsError, match=r"'evaluate\.grading': key 'extracting'"):
        _ = wrong.evaluation_grading


def test_shipped_runs_are_valid(root, shipped):
    assert set(shipped.runs) == {path.stem for path in (root / "config" / "runs").glob("*.yaml")}
    assert set(shipped.runs) >= {"paper", "demo", "laptop", "single_gpu"}
    for run in shipped.runs.values():
        for experiment in run.experiments:
            assert run.of(experiment).build == run.build


def test_a_key_that_stands_twice_is_refused_and_one_that_a_merge_brings_is_not(folder):
    path = folder / "families.yaml"
    kept = path.read_text(encoding="utf-8")
    path.write_text(f"{kept}\ntiny: {{label: another}}\n", encoding="utf-8")
    with pytest.raises(settings.SettingsError, match=r"families\.yaml: not YAML: key 'tiny' stands here for the second time .* line \d+"):
        configuration.load(folder)
    path.write_text("base: &base {a: 1, b: 2}\nother: {<<: *base, a: 3}\nlast: {<<: *base}\n", encoding="utf-8")
    assert read_yaml(path) == {"base": {"a": 1, "b": 2}, "other": {"a": 3, "b": 2}, "last": {"a": 1, "b": 2}}


def test_experiments_override_their_stages_only(shipped):
    paper = shipped.runs["paper"]
    assert paper.of("main") == paper
    rl = paper.of("standard_rl")
    assert (rl.explore.modes, rl.train.selection_weight) == (["native"], 0.0)
    assert (rl.synthesize.keep, rl.synthesize.reflective_per_query) == ("all", 0)
    assert rl.explore.sampling == paper.explore.sampling
    assert paper.of("no_reflection").synthesize.reflective_from_iteration == 2
    with pytest.raises(settings.SettingsError, match="no experiment 'man'; did you mean 'main'"):
        paper.of("man")


def test_settings_are_put_over_a_run_as_a_command_line_gives_them(folder, shipped):
    (folder / "runs" / "longer.yaml").write_text("extends: demo\n")
    explore = {"samples": "3", "sampling": {"top_p": "0.5"}}
    loaded = configuration.load(folder, {"demo": {"explore": explore, "build": {"seeds": ["1", "2"]}, "data": {"sft_rows": "null"}}})
    demo = loaded.runs["demo"]
    assert (demo.explore.samples, demo.explore.sampling.top_p, demo.build.seeds, demo.data.sft_rows) == (3, 0.5, [1, 2], None)
    assert loaded.runs["longer"] == shipped.runs["demo"]  # one that extends it is left alone


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"dmo": {}}, "--config dmo: unknown run 'dmo'; did you mean 'demo'?"),
        ({"demo": "3"}, "--config demo: expected keys and values"),
        ({"demo": {"explore": {"sampling": {"top_q": "1"}}}}, "key 'explore.sampling.top_q': there is no such key; did you mean 'top_p'?"),
        ({"demo": {"experiments": {"main": {"lable": "x"}}}}, "key 'experiments.main.lable': there is no such key; did you mean 'label'?"),
        ({"demo": {"explore": {"judge": "exct"}}}, "unknown judge 'exct'; did you mean 'exact'?"),
        ({"demo": {"build": {"seeds": "2"}}}, "--config demo: key 'build.seeds': expected a list: [2]"),
    ],
)
def test_a_wrong_setting_of_a_command_line_is_one_sentence(folder, given, sentence):
    with pytest.raises(settings.SettingsError, match=re.escape(sentence)):
        configuration.load(folder, given)


def test_texts_of_a_command_line_stay_texts(folder):
    """They come as texts, of which numbers and lists are read; a sentence with a colon is no mapping."""
    given = {"methodologies": {"sketch": {"label": "s", "cue": "Plan: first think.", "hint": "Plan?"}}}
    explore = {"samples": "2", "modes": "[native, cot, code, sketch]"}
    run = configuration.load(folder, {"demo": given | {"explore": explore}}).runs["demo"]
    assert run.methodologies["sketch"].cue == "Plan: first think."
    assert (run.explore.samples, run.explore.modes) == (2, ["native", "cot", "code", "sketch"])


def test_a_run_extends_another(folder, shipped):
    evidence, demo = shipped.runs["demo_evidence"], shipped.runs["demo"]
    assert evidence.build.seeds != demo.build.seeds
    assert (evidence.start, evidence.explore, evidence.train) == (demo.start, demo.explore, demo.train)
    assert evidence.evaluate == demo.evaluate.model_copy(update={"benchmark_rows": None, "selection_benchmarks": []})
    (folder / "runs" / "longer.yaml").write_text("extends: demo\nexplore: {queries_per_iteration: 7}\n")
    (folder / "runs" / "longest.yaml").write_text("extends: longer\ndescription: x\n")
    longest = configuration.load(folder).runs["longest"]
    assert longest.explore == demo.explore.model_copy(update={"queries_per_iteration": 7})
    assert (longest.description, longest.train) == ("x", demo.train)


def test_a_wrong_value_that_a_run_took_over_is_told_with_its_file(folder):
    """A natural first run: the demo on a benchmark of one's own, whose labels of selection would still be asked for the demo's."""
    (folder / "runs" / "mine.yaml").write_text("extends: demo\nbuild: {benchmarks: [gsm8k]}\n")
    sentence = "key 'evaluate.selection_benchmarks' names 'arithmetic_test', which build.benchmarks leaves out: set both"
    inherited = f"(evaluate.selection_benchmarks is set in {folder / 'runs/demo.yaml'})"
    with pytest.raises(settings.SettingsError) as raised:
        configuration.load(folder)
    assert str(raised.value) == f"{folder / 'runs/mine.yaml'}: {sentence} {inherited}"
    (folder / "runs" / "mine.yaml").write_text("extends: demo\nbuild: {benchmarks: [gsm8k]}\nevaluate: {selection_benchmarks: [math]}\n")
    with pytest.raises(settings.SettingsError, match=r"names 'math', which build\.benchmarks leaves out: set both$"):
        configuration.load(folder)
    (folder / "runs" / "mine.yaml").unlink()
    with pytest.raises(settings.SettingsError, match=re.escape(f"{sentence} {inherited}")):
        configuration.load(folder, {"demo": {"build": {"benchmarks": ["gsm8k"]}}})


RUN = "runs/demo.yaml"
BASE = "methods/autocode.yaml"
LORA = {"build": {"families": ["qwen25coder_05b"]}}

BAD = {
    "unknown key": (RUN, {"train": {"clip": 0.2}}, ["key 'train.clip'", "there is no such key"]),
    "unknown section": (RUN, {"trian": {}}, ["key 'trian'", "there is no such key"]),
    "wrong type": (RUN, {"explore": {"samples": "many"}}, ["key 'explore.samples'", "integer"]),
    "fraction of a rollout": (RUN, {"explore": {"samples": 2.5}}, ["key 'explore.samples'", "integer"]),
    "out of range": (RUN, {"explore": {"samples": 0}}, ["key 'explore.samples'", "greater"]),
    "not one of the choices": (RUN, {"train": {"clip_form": "max"}}, ["key 'train.clip_form'", "'min', 'pure' or 'detached'"]),
    "null": (RUN, {"train": {"clip_low": None}}, ["key 'train.clip_low'", "number"]),
    "NaN": (RUN, {"estimate": {"alpha": math.nan}}, ["key 'estimate.alpha'", "greater than 0"]),
    "NaN learning rate": (RUN, {"train": {"optimizer": {"learning_rate": [math.nan]}}}, ["key 'train.optimizer.learning_rate.0'"]),
    "empty list": (RUN, {"build": {"seeds": []}}, ["key 'build.seeds'", "at least 1 item"]),
    "section is a number": (RUN, {"data": 3}, ["key 'data'"]),
    "unknown family": (RUN, {"build": {"families": ["tinny"]}}, ["unknown family 'tinny'", "did you mean 'tiny'"]),
    "unknown experiment": (RUN, {"build": {"experiments": ["mian"]}}, ["unknown experiment 'mian'", "main"]),
    "unknown engine": (RUN, {"engine": {"name": "vlm"}}, ["unknown engine 'vlm'", "did you mean 'vllm'"]),
    "unknown benchmark": (RUN, {"build": {"benchmarks": ["gsm9k"]}}, ["unknown benchmark 'gsm9k'", "gsm8k"]),
    "selection on a benchmark that is not evaluated": (
        RUN,
        {"evaluate": {"selection_benchmarks": ["math"]}},
        ["key 'evaluate.selection_benchmarks' names 'math', which build.benchmarks leaves out: set both"],
    ),
    "selection on a benchmark that is not there": (
        RUN,
        {"evaluate": {"selection_benchmarks": ["mathh"]}},
        ["unknown benchmark 'mathh'; did you"],
    ),
    "unknown queries": (RUN, {"data": {"queries": ["gsm9k"]}}, ["unknown query dataset 'gsm9k'"]),
    "unknown SFT dataset": (RUN, {"data": {"sft": ["gsm9k"]}}, ["unknown SFT dataset 'gsm9k'"]),
    "experiment called start": (RUN, {"experiments": {"start": {"label": "x"}}}, ["no experiment may be called 'start'"]),
    "name with a capital": (
        RUN,
        {"experiments": {"Main": {"label": "x"}}},
        ["key 'experiments.Main': 'Main' cannot be a name", "such as 'main'"],
    ),
    "experiment without label": (RUN, {"experiments": {"new": {}}}, ["key 'experiments.new.label'", "required"]),
    "experiment overrides what is shared": (
        RUN,
        {"experiments": {"new": {"label": "x", "settings": {"explore": {"samples": 2}}}}},
        ["experiment 'new'", "'explore.modes' and 'explore.judge' only"],
    ),
    "experiment overrides a shared stage": (
        RUN,
        {"experiments": {"new": {"label": "x", "settings": {"grading": {"timeout": 1.0}}}}},
        ["experiment 'new'", "may not override 'grading'", "it may override estimate, explore, synthesize, train"],
    ),
    "experiment with an unknown key": (
        RUN,
        {"experiments": {"new": {"label": "x", "settings": {"train": {"clip": 1}}}}},
        ["experiment 'new'", "key 'train.clip'", "there is no such key"],
    ),
    "LoRA on several GPUs": (RUN, LORA | {"resources": {"train": {"gpus": 2}}}, ["LoRA adapters of family 'qwen25coder_05b'", "gpus: 1"]),
    "LoRA on a GPU of several nodes": (RUN, LORA | {"resources": {"start": {"gpus": 1, "nodes": 2}}}, ["LoRA", "nodes: 1"]),
    "muon on several GPUs": (RUN, {"resources": {"default": {"gpus": 2}}}, ["muon", "adamw"]),
    "muon of a critic alone on several GPUs": (
        "runs/autocode_critic.yaml",
        {"start": ADAMW, "train": ADAMW, "resources": {"critic": {"gpus": 2}}},
        ["muon", "resources.critic"],
    ),
    "no SFT data for a family that is fine-tuned": (RUN, {"data": {"sft": []}}, ["key 'data.sft'", "family 'tiny' is fine-tuned first"]),
    "rows longer than a model from scratch": (
        RUN,
        {"engine": {"max_model_len": 2048}},
        ["key 'engine.max_model_len' is 2048", "family 'tiny' has 512 positions"],
    ),
    "sampling on two nodes": (RUN, {"resources": {"explore": {"nodes": 2}}}, ["key 'resources.explore.nodes'", "more shards"]),
    "engine of more GPUs than its job": (
        RUN,
        {"engine": {"tensor_parallel": 2}, "resources": {"explore": {"gpus": 1}}},
        ["key 'resources.explore.gpus' is 1", "takes 2 GPUs (engine.tensor_parallel)"],
    ),
    "method that begins with SFT on a family without": (
        "runs/siam_demo.yaml",
        {"build": {"families": ["qwen25_7b_base"]}},
        ["key 'build.families': 'qwen25_7b_base'", "must be 'sft'"],
    ),
    "files of one name": (
        "sources.yaml",
        {"sources": {"math_train": {"files": [{"path": "own/en/q.jsonl"}, {"path": "own/zh/q.jsonl"}]}}},
        ["key 'sources.math_train.files'", "'own/en/q.jsonl' and 'own/zh/q.jsonl' have the same file name"],
    ),
    "files of one name, with capitals": (
        "sources.yaml",
        {"sources": {"math_train": {"files": [{"path": "A/Questions.csv"}, {"path": "B/Questions.csv"}]}}},
        ["key 'sources.math_train.files': 'A/Questions.csv' and 'B/Questions.csv' have the same file name"],
    ),
    "family with a hyphen": ("families.yaml", {"my-model": {"label": "x"}}, [": 'my-model' cannot be a name: ", "such as 'my_model'"]),
    "source with a hyphen": (
        "sources.yaml",
        {"sources": {"own-questions": {"license": "mine"}}},
        ["key 'sources.own-questions': 'own-questions' cannot be a name: ", "such as 'own_questions'"],
    ),
    "family without anything": (
        "families.yaml",
        {"tiny": None},
        ["family 'tiny': expected keys and values, and nothing is there"],
    ),
    "section without anything": (RUN, {"explore": None}, ["key 'explore': expected keys and values, and nothing is there"]),
    "families below a key": (
        "families.yaml",
        {"families": {"my_model": {"label": "x"}}},
        ["take away the line 'families:', and begin the names of families at the left margin"],
    ),
    "source beside the sources": (
        "sources.yaml",
        {"own": {"license": "mine", "files": []}},
        ["key 'own': there is no such key; it belongs under sources"],
    ),
    "dataset beside the datasets": (
        "sources.yaml",
        {"own": {"source": "own", "reader": "gsm8k"}},
        ["key 'own': there is no such key; it belongs under queries or sft or benchmarks or cases"],
    ),
    "family of two models": (
        "families.yaml",
        {"llama31": {"path": "/models/llama"}},
        ["family 'llama31': hub and path name the base model at once: keep one of them"],
    ),
    "family in a home": ("families.yaml", {"tiny": {"path": "~/mine"}}, ["key 'path': '~' is not read in settings: write /", "/mine"]),
    "file in a home": (
        "sources.yaml",
        {"sources": {"math_train": {"files": [{"path": "~/q.jsonl"}]}}},
        ["key 'sources.math_train.files.0.path': '~' is not read in settings: write /"],
    ),
    "misspelt reader of columns": (
        "sources.yaml",
        {"queries": {"own": {"source": "math_train", "reader": "column", "columns": {"question": "q", "answer": "a"}}}},
        ["key 'queries.own': key 'columns' is for the reader 'columns', and the reader is 'column'; did you mean 'columns'?"],
    ),
    "reader of columns without columns": (
        "sources.yaml",
        {"queries": {"own": {"source": "math_train", "reader": "columns"}}},
        ["key 'queries.own': the reader 'columns' needs the key 'columns': which column"],
    ),
    "method in a list": (RUN, {"method": ["autocode"]}, ["key 'method': expected the name of one method, not a list"]),
    "no such hardware": (RUN, {"hardware": "laptp"}, ["key 'hardware'", "unknown hardware 'laptp'", "laptop"]),
    "unknown stage": (RUN, {"resources": {"trian": {"gpus": 1}}}, ["key 'resources.trian'", "there is no such key"]),
    "unknown ask of a stage": (RUN, {"resources": {"train": {"gpu": 1}}}, ["key 'resources.train.gpu'", "there is no such key"]),
    "unknown method": (RUN, {"method": "autocod"}, ["key 'method'", "unknown method 'autocod'", "autocode"]),
    "unknown guard": (RUN, {"data": {"guard": ["gsm9k"]}}, ["unknown benchmark 'gsm9k'"]),
    "extends nothing": (RUN, {"extends": "dmeo"}, ["key 'extends'", "there is no run 'dmeo'; did you mean 'demo'?"]),
    "extends a path": (RUN, {"extends": "sub/demo"}, ["key 'extends'", "there is no run 'sub/demo'"]),
    "seed twice": (RUN, {"build": {"seeds": [1, 1]}}, ["key 'build.seeds'", "1 is listed twice"]),
    "endless programs": (RUN, {"interpreter": {"timeout": math.inf}}, ["key 'interpreter.timeout'", "finite"]),
    "extends itself": (RUN, {"extends": "demo"}, ["key 'extends'", "circular: 'demo'"]),
    "section without a value": (BASE, {"estimate": None}, ["key 'estimate'"]),
    "unknown source": ("sources.yaml", {"benchmarks": {"gsm8k": {"source": "gsm9k"}}}, ["'gsm8k'", "unknown source 'gsm9k'"]),
    "unknown key of a source": ("sources.yaml", {"sources": {"math_train": {"sha": "x"}}}, ["key 'sources.math_train.sha'"]),
    "unknown key of a family": ("families.yaml", {"tiny": {"lorra": {}}}, ["family 'tiny'", "key 'lorra'"]),
    "unknown prompt profile": ("families.yaml", {"tiny": {"prompt": "plian"}}, ["family 'tiny'", "unknown prompt profile 'plian'"]),
    "family from scratch without SFT": ("families.yaml", {"tiny": {"precondition": "none"}}, ["family 'tiny'", "key 'precondition'"]),
    "pretrained family of a method without": (
        RUN,
        {"build": {"families": ["tiny_siam"]}},
        ["family 'tiny_siam' is pretrained first", "method 'autocode'"],
    ),
    "pretrained critic of a method without": (
        "runs/autocode_critic.yaml",
        {"critics": {"main": {"family": "tiny_siam"}}},
        ["family 'tiny_siam' is pretrained first", "method 'autocode'"],
    ),
    "family without a precondition": ("families.yaml", {"new": {"label": "x"}}, ["family 'new'", "key 'precondition'", "required"]),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_settings_are_refused_by_one_sentence_that_names_file_and_key(folder, name):
    file, override, words = BAD[name]
    change(folder / file, override)
    with pytest.raises(settings.SettingsError) as raised:
        configuration.load(folder)
    sentence = str(raised.value)
    assert "\n" not in sentence
    for word in [str(folder / file), *words]:
        assert word in sentence


def test_a_run_that_is_wrong_is_left_out_if_asked(folder):
    change(folder / RUN, {"explore": {"samples": 0}})
    change(folder / "runs/siam_demo.yaml", {"build": {"families": ["tinny"]}})
    config = configuration.load(folder, tolerant=True)
    assert {*config.runs} == {"paper", "autocode_critic"} - set(config.left_out)
    assert "key 'explore.samples'" in config.left_out["demo"]
    assert "unknown family 'tinny'" in config.left_out["siam_demo"]
    with pytest.raises(settings.SettingsError, match=r"explore\.samples"):
        configuration.load(folder, {"demo": {"explore": {"modes": ["cot"]}}}, tolerant=True)


def test_a_run_that_fetches_nothing_needs_no_mirror(shipped):
    """Rows that it does not build, such as those of its method, ask for nothing."""
    for run in ("demo", "siam_demo", "siam_demo_evidence", "siam_demo_equal", "siam_demo_ablations", "autocode_critic"):
        raw, families = places.needed(shipped, run)
        assert all(shipped.sources.sources[name].generate for name in raw), run
        assert families == []


def test_a_missing_key_is_named(folder):
    base = yaml.safe_load((folder / BASE).read_text(encoding="utf-8"))
    del base["train"]["clip_high"]
    (folder / BASE).write_text(yaml.safe_dump(base), encoding="utf-8")
    with pytest.raises(settings.SettingsError, match=r"runs/demo\.yaml: key 'train\.clip_high': field required"):
        configuration.load(folder)


FILES = {
    "not YAML": (b"build: [tiny\n", "not YAML"),
    "tabs": (b"build:\n\tseeds: [1]\n", "not YAML"),
    "bytes that are no text": (b"description: \xff\xfe\n", "not YAML"),
    "a list": (b"- demo\n", "expected keys and values"),
    "empty": (b"", "expected keys and values"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("file", ["config.yaml", BASE, "families.yaml", "sources.yaml", "hardware/laptop.yaml", RUN])
def test_files_that_hold_no_settings(folder, file, name):
    content, words = FILES[name]
    (folder / file).write_bytes(content)
    with pytest.raises(settings.SettingsError, match=words) as raised:
        configuration.load(folder)
    assert str(raised.value).startswith(f"{folder / file}: ")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("file", ["config.yaml", BASE, "families.yaml", "sources.yaml"])
def test_missing_files(folder, file):
    (folder / file).unlink()
    with pytest.raises(settings.SettingsError, match=f"{folder / file}: no such file"):
        configuration.load(folder)


def test_a_method_without_values_of_its_own_leaves_them_to_its_runs(folder):
    whole = yaml.safe_load((folder / BASE).read_text()) | {"method": "autocode"}
    (folder / BASE).unlink()
    shutil.rmtree(folder / "runs")
    (folder / "runs").mkdir()
    (folder / "runs/whole.yaml").write_text(yaml.safe_dump(whole))
    assert configuration.load(folder).runs["whole"].build.experiments == whole["build"]["experiments"]


def test_a_run_is_named_like_everything_else(folder):
    shutil.copy(folder / RUN, folder / "runs" / "My-Run.yaml")
    with pytest.raises(
        settings.SettingsError, match=r"runs/My-Run\.yaml: 'My-Run' cannot be a name: .*, such as 'my_run': rename the file$"
    ):
        configuration.load(folder)


@pytest.mark.parametrize(("name", "form"), [("my-run", "my_run"), ("Mine", "mine"), ("demo copy", "demo_copy"), ("7b", "my_7b")])
def test_a_run_whose_file_is_misnamed_blocks_only_itself(folder, name, form):
    shutil.copy(folder / RUN, folder / "runs" / f"{name}.yaml")
    config = configuration.load(folder, tolerant=True)
    assert {"demo", "paper"} <= {*config.runs}
    assert f"/{name}.yaml: '{name}' cannot be a name: " in config.left_out[name]
    assert config.left_out[name].endswith(f", such as '{form}': rename the file")
    (folder / "runs" / f"{form}.yaml").write_text("extends: demo\n")
    assert form in configuration.load(folder, tolerant=True).runs


def test_a_wrong_key_of_a_run_that_another_extends_is_found_where_it_stands(folder):
    (folder / "runs" / "parent.yaml").write_text("extends: demo\ndescription: x\ndata: {sft_row: 3}\n")
    (folder / "runs" / "child.yaml").write_text("extends: parent\ndescription: x\n")
    with pytest.raises(settings.SettingsError, match=r"parent\.yaml: key 'data\.sft_row'.*did you mean 'sft_rows'"):
        configuration.load(folder)


def test_a_name_is_wrong_where_it_stands(folder):
    (folder / "runs" / "child.yaml").write_text("extends: demo\ndescription: x\ndata: {guard: [gsm8kk]}\n")
    with pytest.raises(settings.SettingsError, match=r"child\.yaml: unknown benchmark 'gsm8kk'; did you mean 'gsm8k'"):
        configuration.load(folder)
    (folder / "runs" / "child.yaml").write_text("extends: demo\ndescription: x\n")
    with pytest.raises(settings.SettingsError, match=r"^--config child: unknown query dataset 'nope'"):
        configuration.load(folder, {"child": {"data": {"queries": ["nope"]}}})


def test_a_run_that_misspells_extends(folder):
    (folder / "runs" / "mine.yaml").write_text("extend: demo\n")
    with pytest.raises(settings.SettingsError, match=r"mine\.yaml: there is no key 'extend'; did you mean 'extends'\?"):
        configuration.load(folder)


def test_a_run_with_another_ending(folder):
    (folder / "runs" / "mine.yml").write_text("extends: demo\n")
    with pytest.raises(settings.SettingsError, match=r"mine\.yml: runs are files that end in \.yaml"):
        configuration.load(folder)
    config = configuration.load(folder, tolerant=True)
    assert ("demo" in config.runs, {*config.left_out}) == (True, {"mine"})
    (folder / "runs" / "mine.yaml").write_text("extends: demo\n")
    config = configuration.load(folder, tolerant=True)
    assert ("mine" in config.runs, {*config.left_out}) == (True, {"mine.yml"})


def test_settings_are_looked_for_in_the_repository(tmp_path):
    with pytest.raises(settings.SettingsError, match="start from the repository's own folder"):
        configuration.load(tmp_path)


def test_two_runs_that_extend_each_other(folder):
    (folder / "runs" / "one.yaml").write_text("extends: two\n")
    (folder / "runs" / "two.yaml").write_text("extends: one\n")
    with pytest.raises(settings.SettingsError, match=r"two\.yaml: key 'extends': circular: 'one'"):
        configuration.load(folder)


def test_partitions_as_they_are_shipped(root):
    found = configuration.partitions(root / "slurm/partitions.yaml")
    assert (found.gpu, found.cpu) == ("gpu", "cpu")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("gpu: [a", ": not YAML: "),
        ("gpu", ": expected keys and values"),
        ("", ": expected keys and values"),
        ("gpu: a", ": key 'cpu': field required"),
        ("gpu:\ncpu: b", ": key 'gpu': expected text, and nothing is there"),
        ("gpu: 1\ncpu: b", ": key 'gpu': expected text: '1'"),
        ("gpus: a\ncpu: b", ": key 'gpus': there is no such key; did you mean 'gpu'?"),
    ],
)
def test_partitions_that_are_none(tmp_path, content, said):
    path = tmp_path / "partitions.yaml"
    path.write_text(content)
    with pytest.raises(settings.SettingsError, match=f"^{path}{re.escape(said)}"):
        configuration.partitions(path)
