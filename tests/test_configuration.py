"""Settings: every shipped run is valid, and everything that is not is refused by one sentence."""

import math
import re
import shutil
from collections.abc import Iterable

import pytest
import yaml

from mathcode import configuration, settings
from mathcode.methods.siam import artifacts as siam
from mathcode.paths import Policy
from mathcode.settings.files import read_yaml


@pytest.fixture
def folder(root, tmp_path):
    """A copy of `config/` with the runs `paper`, `demo`, `autocode_critic` and `siam_demo` only."""
    copy = tmp_path / "config"
    shutil.copytree(root / "config", copy)
    for path in (copy / "runs").glob("*.yaml"):
        if path.stem not in ("paper", "demo", "autocode_critic", "siam_demo"):
            path.unlink()
    return copy


def change(path, override: dict) -> None:
    """Put an override over a YAML file."""
    content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    path.write_text(yaml.safe_dump(settings.merge(content, override), allow_unicode=True), encoding="utf-8")


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
    with pytest.raises(settings.SettingsError, match="no experiment 'man'; there are: main,"):
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
        ({"demo": {"explore": {"judge": "exct"}}}, "unknown judge 'exct'"),
    ],
)
def test_a_wrong_setting_of_a_command_line_is_one_sentence(folder, given, sentence):
    with pytest.raises(settings.SettingsError, match=re.escape(sentence)):
        configuration.load(folder, given)


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
ADAMW = {"optimizer": {"optimizer": "adamw"}}
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
    "name with a capital": (RUN, {"experiments": {"Main": {"label": "x"}}}, ["key 'experiments.Main", "pattern"]),
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
    "no such hardware": (RUN, {"hardware": "laptp"}, ["key 'hardware'", "unknown hardware 'laptp'", "laptop"]),
    "unknown stage": (RUN, {"resources": {"trian": {"gpus": 1}}}, ["key 'resources.trian'", "there is no such key"]),
    "unknown ask of a stage": (RUN, {"resources": {"train": {"gpu": 1}}}, ["key 'resources.train.gpu'", "there is no such key"]),
    "unknown method": (RUN, {"method": "autocod"}, ["key 'method'", "unknown method 'autocod'", "autocode"]),
    "unknown guard": (RUN, {"data": {"guard": ["gsm9k"]}}, ["unknown benchmark 'gsm9k'"]),
    "extends nothing": (RUN, {"extends": "dmeo"}, ["key 'extends'", "no run: 'dmeo'"]),
    "extends itself": (RUN, {"extends": "demo"}, ["key 'extends'", "a circle: 'demo'"]),
    "missing key": (BASE, {"estimate": None}, ["runs/demo.yaml", "key 'estimate'"]),
    "unknown source": ("sources.yaml", {"benchmarks": {"gsm8k": {"source": "gsm9k"}}}, ["'gsm8k'", "unknown source 'gsm9k'"]),
    "unknown key of a source": ("sources.yaml", {"sources": {"math_train": {"sha": "x"}}}, ["key 'sources.math_train.sha'"]),
    "unknown key of a family": ("families.yaml", {"tiny": {"lorra": {}}}, ["family 'tiny'", "key 'lorra'"]),
    "unknown prompt profile": ("families.yaml", {"tiny": {"prompt": "plian"}}, ["family 'tiny'", "unknown prompt profile 'plian'"]),
    "family from scratch without SFT": ("families.yaml", {"tiny": {"precondition": "none"}}, ["family 'tiny'", "key 'precondition'"]),
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
    expected = "runs/demo.yaml" if file == BASE else file
    for word in [str(folder / expected), *words]:
        assert word in sentence


SIAM = "runs/siam_demo.yaml"


def filtering(**select) -> dict:
    """An experiment of SIaM."""
    return {"experiments": {"new": {"label": "x", "settings": {"select": select}}}}


def preferring(**overridden) -> dict:
    """A preference of SIaM."""
    return {"preferences": {"new": {"label": "x", "settings": overridden}}}


BAD_SIAM = {
    "unknown judge": ({"select": {"judge": "exakt"}}, ["key 'select.judge'", "unknown judge 'exakt'", "exact", "critic_NAME"]),
    "unknown judge of an experiment": (filtering(judge="exakt"), ["experiment 'new': key 'select.judge'", "unknown judge 'exakt'"]),
    "unknown critic of an experiment": (filtering(judge="critic_mian"), ["experiment 'new': key 'select.judge'", "unknown critic 'mian'"]),
    "unknown critic of a preference": (preferring(pair={"judge": "cascade_mian"}), ["preference 'new': key 'pair.judge'", "critic 'mian'"]),
    "unknown judge of evaluations": ({"evaluate": {"judges": ["exact", "exakt"]}}, ["key 'evaluate.judges.1'", "unknown judge 'exakt'"]),
    "no judge of evaluations": ({"evaluate": {"judges": []}}, ["key 'evaluate.judges'", "at least 1 item"]),
    "no queries": ({"data": {"queries": []}}, ["key 'data.queries'", "at least 1 item"]),
    "unknown preference": ({"build": {"preferences": ["dpo1"]}}, ["unknown preference 'dpo1'", "there are: dpo_0"]),
    "unknown case set": ({"build": {"case_sets": ["cases"]}}, ["unknown case set 'cases'", "there are: "]),
    "preference overrides what is shared": (preferring(select={"rows": 1}), ["preference 'new'", "may not override 'select'"]),
    "preference samples otherwise": (preferring(pair={"samples": 2}), ["preference 'new'", "'pair.samples'", "shared"]),
    "preference with an unknown number": (preferring(align={"numbers": {"gamma": 1}}), ["preference 'new'", "key 'align.numbers.gamma'"]),
    "preference with an unknown loss": (preferring(align={"loss": "ppo"}), ["preference 'new'", "key 'align.loss'"]),
    "experiment overrides what is shared": (
        {"experiments": {"new": {"label": "x", "settings": {"pair": {"judge": "exact"}}}}},
        ["experiment 'new'", "may not override 'pair'", "it may override select, train"],
    ),
    "sides of a pair that overlap": (
        {"pair": {"chosen_from": 0.4, "rejected_to": 0.4}},
        ["key 'pair'", "chosen_from 0.4 must be above rejected_to 0.4"],
    ),
    "experiment called critics": ({"experiments": {"critics": {"label": "x"}}}, ["no experiment may be called 'critics'"]),
    "preference called eval": ({"preferences": {"eval": {"label": "x"}}}, ["no preference may be called 'eval'"]),
    "no iteration to align": ({"build": {"aligned": 3}}, ["build.aligned", "no iteration 3"]),
    "one round more than pools": ({"build": {"iterations": 4}}, ["build.iterations 4", "data.pools lacks the pool 'web4'"]),
    "pool of pairs that is missing": (preferring(pair={"pool": "web9"}), ["preference 'new'", "key 'pair.pool'"]),
    "unknown query dataset of a pool": (
        {"data": {"pools": {"web1": {"datasets": ["forms_web9"]}}}},
        ["unknown query dataset 'forms_web9'"],
    ),
    "critic of an unknown family": ({"critics": {"main": {"family": "tinny"}}}, ["key 'critics.main.family'", "unknown family 'tinny'"]),
    "critic of an unknown origin": ({"critics": {"full": {"origin": "mian"}}}, ["key 'critics.full.origin'", "unknown critic 'mian'"]),
    "critic of another family's critic": ({"critics": {"full": {"family": "tiny"}}}, ["key 'critics.full.origin'", "another family"]),
    "critics in a circle": (
        {"critics": {"main": {"origin": "full"}}},
        ["key 'critics.", "a circle: ", "main <- full"],
    ),
    "critic that goes on from itself": ({"critics": {"main": {"origin": "main"}}}, ["key 'critics.main.origin'", "a circle: main <- main"]),
    "unknown benchmark of a case set": (
        {"case_sets": {"known_forms": {"queries": ["forms_testz"]}}},
        ["unknown benchmark 'forms_testz'"],
    ),
    "pretrained family without pretraining": ({"data": {"pretraining": []}}, ["key 'data.pretraining'", "'tiny_siam'"]),
    "critic on several GPUs with muon": ({"resources": {"critic": {"gpus": 2}}}, ["muon", "resources.critic"]),
    "muon of a base alone on several GPUs": (
        dict.fromkeys(["seeded", "start", "train", "align"], ADAMW)
        | {"critics": dict.fromkeys(["main", "full"], ADAMW), "resources": {"start": {"gpus": 2}}},
        ["muon", "resources.start"],
    ),
}


@pytest.mark.parametrize("name", BAD_SIAM)
def test_bad_settings_of_a_run_of_siam_are_refused_by_one_sentence_that_names_file_and_key(folder, name):
    override, words = BAD_SIAM[name]
    change(folder / SIAM, override)
    with pytest.raises(settings.SettingsError) as raised:
        configuration.load(folder)
    sentence = str(raised.value)
    assert "\n" not in sentence
    for word in [str(folder / SIAM), *words]:
        assert word in sentence


@pytest.mark.parametrize("pool", ["seed_set", "web1", "web3", "critic"])
def test_a_pool_that_is_used_must_be_there(folder, pool):
    run = yaml.safe_load((folder / SIAM).read_text(encoding="utf-8"))
    base = yaml.safe_load((folder / "methods/siam.yaml").read_text(encoding="utf-8"))
    del run["data"]["pools"][pool], base["data"]["pools"][pool]
    (folder / SIAM).write_text(yaml.safe_dump(run, allow_unicode=True), encoding="utf-8")
    (folder / "methods/siam.yaml").write_text(yaml.safe_dump(base, allow_unicode=True), encoding="utf-8")
    with pytest.raises(settings.SettingsError, match=rf"siam_demo\.yaml: .*pool '{pool}'"):
        configuration.load(folder)


def test_a_preference_of_another_loss_takes_the_numbers_of_that_loss(shipped):
    run = shipped.runs["siam"]
    trained = {name: configuration.METHODS["siam"].training(run, Policy("main", "llama31", 1, 2, name)) for name in run.preferences}
    assert {"dpo_1", "orpo", "sft_on_chosen"} <= set(trained)
    for training in trained.values():
        configuration.make_loss(training)
    assert trained["dpo_02"].numbers["likelihood_weight"] == 0.2
    assert set(trained["orpo"].numbers) == {"odds_weight", "likelihood_weight", "likelihood_normalisation"}
    assert (trained["dpo_1"].referenced, trained["orpo"].referenced, trained["sft_on_chosen"].numbers) == (True, False, {})


@pytest.mark.parametrize("run", ["siam", "siam_demo", "siam_demo_evidence", "siam_demo_equal"])
def test_controls_take_as_many_steps_as_the_rounds_they_are_held_against(shipped, run):
    """Data of the web against more programs for seed questions, and against none: what differs is the data, not the training."""
    chosen = shipped.runs[run]
    train = configuration.METHODS["siam"].training
    arms = [Policy(name, chosen.build.families[0], 1, number) for name in chosen.build.experiments for number in (1, 2)]
    assert {train(chosen, arm).optimizer.steps for arm in arms} == {600 if run == "siam" else 150}


@pytest.mark.parametrize("run", ["siam", "siam_laptop"])
def test_a_critic_of_one_language_is_tested_on_another(shipped, run):
    """The claim across languages: cases that are no attacks in both, and a critic that learned from one."""
    chosen, sources = shipped.runs[run], shipped.sources

    def languages(group: str, names: Iterable[str]) -> set[str]:
        files = [file.path for name in names for file in sources.sources[getattr(sources, group)[name].source].files]
        return {"zh" if "/zh_" in path else "en" for path in files}

    pools = siam.critic_pools(chosen, "main")
    assert languages("queries", [name for pool in pools for name in chosen.data.pools[pool].datasets]) == {"zh"}
    rows = [chosen.case_sets[name] for name in chosen.build.case_sets]
    made = [row for row in rows if row.rollouts or row.cases.rewritten]
    assert languages("benchmarks", [name for row in made for name in row.queries]) == {"zh"}
    assert languages("cases", [name for row in rows for name in row.labelled]) == {"en"}


def test_a_run_that_fetches_nothing_needs_no_mirror(shipped):
    """Rows that it does not build, such as those of its method, ask for nothing."""
    for run in ("demo", "siam_demo", "siam_demo_evidence", "siam_demo_equal", "autocode_critic"):
        raw, families = configuration.needed(shipped, run)
        assert all(shipped.sources.sources[name].generate for name in raw), run
        assert families == []


def test_siam_is_evaluated_on_the_sets_of_its_plan_and_its_training_data_are_cleaned_of_them(shipped):
    chosen = shipped.runs["siam"]
    assert len(chosen.build.benchmarks) == 22
    assert {*chosen.build.benchmarks} <= {*chosen.data.guard}
    assert {*chosen.evaluate.in_domain} < {*chosen.build.benchmarks}


def test_reports_are_told_what_stands_for_the_papers_web_corpus(shipped):
    told = {run: configuration.METHODS["siam"].planned(shipped.runs[run])["web"] for run in ("siam", "siam_laptop", "siam_demo")}
    assert told["siam"] == told["siam_laptop"] == ["talscq_zh", "talscq_en"]
    assert told["siam_demo"] == ["forms_web1", "forms_web2", "forms_web3"]


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
    with pytest.raises(settings.SettingsError, match=r"key 'runs\.My-Run.*pattern"):
        configuration.load(folder)


def test_two_runs_that_extend_each_other(folder):
    (folder / "runs" / "one.yaml").write_text("extends: two\n")
    (folder / "runs" / "two.yaml").write_text("extends: one\n")
    with pytest.raises(settings.SettingsError, match=r"two\.yaml: key 'extends': a circle: 'one'"):
        configuration.load(folder)
