"""Where a setting comes from: the place that is told holds the value that the run has, layer by layer."""

import json
import re

import pytest
import yaml
from support.running import ROOT

import explain_settings
from mathcode import configuration, settings
from mathcode.core.errors import InputError

RUNS = sorted(configuration.load(ROOT / "config").runs)
LINE = re.compile(r"(?P<key>\S+)  +(?P<value>.*?)  +(?P<where>default|--override|(?P<file>\S+\.yaml):(?P<line>\d+)(  # (?P<comment>.*))?)$")


@pytest.fixture(autouse=True)
def _at_home(monkeypatch):
    monkeypatch.chdir(ROOT)


def explained(capsys, *arguments: str) -> dict[str, dict]:
    """What is printed, by key."""
    assert explain_settings.main([*arguments]) == 0
    lines = [LINE.match(line) for line in capsys.readouterr().out.splitlines()]
    return {line["key"]: line.groupdict() for line in lines}


@pytest.mark.parametrize("run", RUNS)
def test_every_setting_of_a_run_is_told_once_with_its_value(run, capsys):
    told = explained(capsys, run)
    chosen = configuration.load(ROOT / "config").runs[run]
    found = {key: json.loads(line["value"]) for key, line in told.items()}
    assert found == dict(explain_settings._flat(settings.everything(chosen)))
    written = dict(explain_settings._flat(json.loads(settings.dumps(chosen))))  # keys that came later are not written at their default
    assert written.items() <= found.items()
    assert "engine.kernels" in found
    assert told["build.families"]["where"] != "default"


@pytest.mark.parametrize("run", ["demo", "siam_laptop"])
def test_the_line_that_is_named_holds_the_key_and_the_value(run, capsys):
    told = explained(capsys, run)
    named = [line for line in told.values() if line["file"]]
    assert len(named) > 100
    for line in named:
        text = (ROOT / line["file"]).read_text().splitlines()[int(line["line"]) - 1]
        value = json.loads(line["value"])
        assert line["key"].rpartition(".")[2] in text
        if isinstance(value, int | str) and not isinstance(value, bool) and "{" not in text and not text.strip().startswith("<<"):
            assert yaml.safe_load(text.strip()).popitem()[1] == value


def test_a_value_that_stands_below_its_key_or_is_an_alias_is_told_by_the_line_of_its_key(capsys):
    told = explained(capsys, "siam")
    text = (ROOT / "config/methods/siam.yaml").read_text().splitlines()
    for key, start in (("build.benchmarks", "  benchmarks: &"), ("data.guard", "  guard:"), ("evaluate.together", "  together: *")):
        line = text[int(told[key]["line"]) - 1]
        assert told[key]["file"] == "config/methods/siam.yaml"
        assert line.startswith(start)
        assert (told[key]["comment"] or "") == line.partition("  # ")[2]


def test_the_top_layer_is_told(capsys):
    key = "explore.samples"
    assert explained(capsys, "demo", "--only", key)[key]["file"] == "config/runs/demo.yaml"
    assert explained(capsys, "demo_evidence", "--only", key)[key]["file"] == "config/runs/demo.yaml"
    assert explained(capsys, "paper", "--only", key)[key]["file"] == "config/methods/autocode.yaml"
    over = explained(capsys, "demo", "--override", "{explore: {samples: 5}}", "--only", key)[key]
    assert (over["value"], over["where"]) == ("5", "--override")


def test_a_page_of_a_run_tells_its_run(capsys):
    key = "explore.samples"
    assert explained(capsys, "reports/demo/summary.html", "--only", key) == explained(capsys, "demo", "--only", key)
    assert explained(capsys, "reports/demo.html", "--only", key) == explained(capsys, "demo", "--only", key)


def test_an_experiment_s_own_settings_are_told_for_its_paths(capsys):
    key = "estimate.rule"
    main = explained(capsys, "results/demo/main/tiny/seed1/iter1/model", "--only", key)[key]
    other = explained(capsys, "results/demo/q_rule/tiny/seed1/iter1/model", "--only", key)[key]
    named = explained(capsys, "demo", "--experiment", "q_rule", "--only", key)[key]
    start = explained(capsys, "results/demo/start/tiny/seed1/model", "--only", key)[key]
    assert (main["value"], other["value"]) == ('"prior_times_q"', '"q"')
    assert main["line"] != other["line"]
    assert named == other
    assert start == main


@pytest.mark.parametrize("preference", ["orpo", "dpo_0", "dpo_1"])
def test_a_preference_s_own_settings_are_told_for_its_paths(preference, capsys):
    told = explained(capsys, f"results/siam_demo/main/tiny_siam/seed1/iter1/{preference}/model", "--only", "align")
    run = configuration.load(ROOT / "config").runs["siam_demo"].preferring(preference)
    wanted = dict(explain_settings._flat({"align": settings.everything(run.align)}))
    assert {key: json.loads(line["value"]) for key, line in told.items()} == wanted
    line = (ROOT / told["align.loss"]["file"]).read_text().splitlines()[int(told["align.loss"]["line"]) - 1]
    assert run.align.loss in line


def test_a_checkout_below_another_folder_called_results(capsys):
    here = explained(capsys, "results/demo/q_rule/tiny/seed1/iter1/model", "--only", "estimate.rule")
    assert explained(capsys, "/x/results/mine/results/demo/q_rule/tiny/seed1/iter1/model", "--only", "estimate.rule") == here


def test_an_empty_mapping_of_a_file_has_its_line(capsys):
    assert explained(capsys, "siam", "--only", "evaluate.grading")["evaluate.grading"]["file"] == "config/methods/siam.yaml"


def test_only_whole_keys_match(capsys):
    assert {*explained(capsys, "demo", "--only", "explore.sampling")} == {
        f"explore.sampling.{key}" for key in settings.Sampling.model_fields
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["dmo"], "unknown run 'dmo'; did you mean 'demo'"),
        (["demo", "--only", "explroe"], "no setting 'explroe'; did you mean 'explore'"),
        (["demo", "--only", "explore", "explroe"], "no setting 'explroe'; did you mean 'explore'"),
        (["demo", "--experiment", "mian"], "no experiment 'mian'; did you mean 'main'"),
        (["results/siam_demo/main/tiny_siam/seed1/iter1/opro/model"], "no preference 'opro'"),
        (["results/demo/main/tiny/seed1/iter1/dpo/model"], "method autocode has no preferences, so no 'dpo'"),
        (["results/demo/main/tinny/seed1/iter1/model"], "run 'demo' makes no such policy"),
        (["results/demo/q_rule/tiny/sed1/iter1/model"], "run 'demo' makes no such policy"),
        (["data/queries/gsm8k.parquet"], "data/queries/gsm8k.parquet: no run makes it; name a run, or a path below results/RUN"),
        (["results"], "results: no run makes it; name a run"),
        (["results/"], "results/: no run makes it; name a run"),
        (["demo", "--override", "5"], "^--override: expected keys and values, as in --override='"),
        (["demo", "--override", "{build: {families: [tinny]}}"], "^--override: unknown family 'tinny'"),
        (["demo", "--override", "{engine: {max_model_len: 2048}}"], "^config/runs/demo.yaml with --override: key 'engine.max_model_len'"),
        (["demo", "--override", "{a: "], "--override is not YAML"),
        (["demo", "--override", "{explore: {smaples: 3}}"], "did you mean 'samples'"),
    ],
)
def test_what_is_not_there_is_said(arguments, words):
    with pytest.raises((InputError, settings.SettingsError), match=words):
        explain_settings.main(arguments)
