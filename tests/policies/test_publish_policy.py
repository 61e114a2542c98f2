"""The card of a policy: the hub's own library reads it back, and its numbers are those that were measured. Nothing is uploaded."""

import json
import re
from pathlib import Path

import pytest
from huggingface_hub import ModelCard
from support import results_tree as tree
from support.running import ROOT

import publish_policy
from mathcode import paths
from mathcode.core.errors import InputError
from mathcode.measures import outcomes

POLICY = "main/tiny/seed1/iter2"


@pytest.fixture
def model(tmp_path) -> Path:
    """A policy of `demo` with weights of nine bytes, evaluated in two modes."""
    folder = tmp_path / "results/demo" / POLICY
    (folder / "model").mkdir(parents=True)
    (folder / "model/model.safetensors").write_bytes(b"weights\x00\x01")
    (folder / "model/config.json").write_text("{}")
    for mode, right in (("auto", 7), ("code", 4)):
        rows = [tree.grade(f"q{number}", mode, "code" if number < 5 else "cot", number < right) for number in range(10)]
        scores = outcomes.score(tree.grades(rows)) | {"contaminated": 1}
        path = folder.parents[3] / paths.scores(POLICY, mode, "arithmetic_test", "exact")
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(scores))
    settings = {"training": {"loss": "paper"}, "family": {"path": "/disk/somebody/models/mine"}}
    (folder / "settings.json").write_text(json.dumps(settings))
    inputs = {"/disk/somebody/checkout/results/demo/start/tiny/seed1/model": "1f", "results/demo/main/x.parquet": "2f", "/srv/base": "3f"}
    (folder / "provenance.json").write_text(json.dumps({"inputs": inputs}))
    return folder / "model"


def card(model: Path, *more: str) -> str:
    out = model.parents[6] / "card.md"
    assert publish_policy.main([str(model), "--out", str(out), "--config", str(ROOT / "config"), *more]) == 0
    return out.read_text()


def test_the_hub_s_library_reads_what_was_measured(model):
    data = ModelCard(card(model, "--license", "mit")).data
    assert {(result.dataset_name, result.dataset_config): result.metric_value for result in data.eval_results} == {
        ("arithmetic_test", "mode auto, judge exact"): 0.7,
        ("arithmetic_test", "mode code, judge exact"): 0.4,
    }
    assert (data.license, data.library_name, data.base_model) == ("mit", "transformers", None)
    assert "arxiv:2502.00691" in data.tags


def test_a_reader_finds_intervals_data_settings_and_how_to_ask(model):
    text = card(model)
    assert "| arithmetic_test | auto | exact | 10 | 70.0 [39.7, 89.2] | 50.0 | 1 |" in text
    assert "- arithmetic_sft: MIT" in text
    assert '"loss": "paper"' in text
    assert "QUESTION" in text.split("## How to ask")[1]


def test_it_tells_nothing_of_this_machine(model):
    text = card(model)
    assert "/disk" not in text
    assert "/srv" not in text
    assert str(model.parents[6]) not in text
    assert '"path": "mine"' in text
    assert (
        '"inputs": {\n    "base": "3f",\n    "results/demo/main/x.parquet": "2f",\n    "results/demo/start/tiny/seed1/model": "1f"' in text
    )


@pytest.mark.parametrize(
    ("policy", "learned", "said"),
    [
        ("base/tiny/seed1", [], "It is the base model, as it is."),
        ("start/tiny/seed1", ["arithmetic_sft"], "Its settings were not kept."),
        ("main/tiny/seed1/iter1", ["arithmetic_sft", "arithmetic_train"], "Its settings were not kept."),
    ],
)
def test_each_kind_of_policy_says_what_it_is_and_what_it_learned_from(tmp_path, policy, learned, said):
    model = tmp_path / "results/demo" / policy / "model"
    model.mkdir(parents=True)
    (model / "config.json").write_text("{}")
    with pytest.raises(InputError, match="no weights here"):  # as Snakemake makes the folder before the training that fills it
        publish_policy.main([str(model), "--out", str(tmp_path / "card.md"), "--config", str(ROOT / "config")])
    (model / "model.safetensors").write_bytes(b"weights")
    assert publish_policy.main([str(model), "--out", str(tmp_path / "card.md"), "--config", str(ROOT / "config")]) == 0
    text = (tmp_path / "card.md").read_text()
    found = re.findall(r"^- (\w+): ", text.split("## What it learned from")[1].split("##")[0], re.MULTILINE)
    assert found == learned
    assert said in text
    assert ("trained by autocode" in text) == policy.startswith("main")


@pytest.mark.parametrize(("content", "words"), [("{", "not JSON"), ('{"n": 3}', "key 'accuracy' is missing")])
def test_damaged_scores_are_named(model, content, words):
    path = next(model.parent.glob("eval/*/*/*/scores.json"))
    path.write_text(content)
    with pytest.raises(InputError, match=f"scores.json: {words}"):
        card(model)


def test_a_policy_that_was_not_evaluated_says_so(model):
    for path in model.parent.glob("eval/*/*/*/scores.json"):
        path.unlink()
    assert "This policy was not evaluated." in card(model)
    assert ModelCard(card(model)).data.eval_results is None


def test_a_licence_that_the_hub_refuses_is_one_sentence_and_nothing_is_uploaded(model, monkeypatch):
    def refuse(*_, **__):
        raise ValueError('Invalid metadata in README.md.\n- "license" must be one of [apache-2.0, mit]')

    monkeypatch.setattr("huggingface_hub.HfApi.create_repo", lambda *_, **__: None)
    monkeypatch.setattr("huggingface_hub.HfApi.upload_file", refuse)
    monkeypatch.setattr("huggingface_hub.HfApi.upload_folder", lambda *_, **__: pytest.fail("weights are uploaded"))
    with pytest.raises(InputError, match=r'^--push me/mine: Invalid metadata in README\.md\. - "license" must be one of'):
        card(model, "--push", "me/mine", "--license", "MIT License")


@pytest.mark.parametrize(("change", "words"), [(["--push", "me/mine"], "--push needs --license"), ([], "no policy of a configured run")])
def test_what_cannot_be_published_is_refused(model, change, words):
    with pytest.raises(InputError, match=words):
        card(model if change else model.parent, *change)
