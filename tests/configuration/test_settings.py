"""Sections of settings: how they merge, how they survive a command line, by what they are told apart."""

import hashlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathcode import settings
from mathcode.methods.autocode.settings import Estimate, Train


def test_mappings_merge_and_everything_else_is_replaced():
    base = {"a": {"b": [1, 2], "c": 3, "d": {"e": 4}}, "f": 5}
    assert settings.merge(base, {"a": {"b": [9], "d": {"g": 6}}}) == {"a": {"b": [9], "c": 3, "d": {"e": 4, "g": 6}}, "f": 5}
    assert settings.merge(base, {"a": None, "h": {"i": 7}}) == {"a": None, "f": 5, "h": {"i": 7}}
    assert settings.merge({"a": 1}, {"a": {"b": 2}}) == {"a": {"b": 2}}
    assert base == {"a": {"b": [1, 2], "c": 3, "d": {"e": 4}}, "f": 5}


def mappings(inner: st.SearchStrategy) -> st.SearchStrategy[dict]:
    return st.dictionaries(st.sampled_from("abc"), inner, max_size=3)


MAPPINGS = mappings(st.recursive(st.integers() | st.lists(st.integers(), max_size=2), mappings))


@given(MAPPINGS, MAPPINGS)
def test_merging_is_idempotent_and_nothing_overrides_nothing(base, override):
    merged = settings.merge(base, override)
    assert settings.merge(merged, override) == merged
    assert settings.merge(base, {}) == base
    assert settings.merge({}, override) == override
    assert set(merged) == set(base) | set(override)


def test_infinity_survives_the_command_line(shipped):
    estimate = shipped.runs["paper"].estimate
    assert estimate.alpha == math.inf
    assert settings.dumps(estimate) == '{"alpha": "inf", "rule": "prior_times_q"}'
    assert settings.parse(Estimate, settings.dumps(estimate)) == estimate
    assert settings.parse(Estimate, '{"rule": "q", "alpha": 2}').alpha == 2.0


def test_every_section_of_every_run_survives_the_command_line(shipped):
    for run in shipped.runs.values():
        assert settings.parse(type(run), settings.dumps(run)) == run
        assert "\n" not in settings.dumps(run)
    for family in shipped.families.values():
        assert settings.parse(settings.Family, settings.dumps(family)) == family
    assert settings.parse(settings.Sources, settings.dumps(shipped.sources)) == shipped.sources


REFUSED = {
    "not JSON": ("{rule: q}", "--settings is not JSON"),
    "not a section": ("[1]", "--settings: expected keys and values$"),
    "missing key": ('{"rule": "q"}', "--settings: key 'alpha': field required"),
    "unknown key": ('{"rule": "q", "alpha": 1, "beta": 1}', "--settings: key 'beta'"),
    "negative": ('{"rule": "q", "alpha": -1}', "--settings: key 'alpha': input should be greater than 0"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_settings_on_a_command_line(name):
    text, words = REFUSED[name]
    with pytest.raises(settings.SettingsError, match=words) as raised:
        settings.parse(Estimate, text)
    assert "\n" not in str(raised.value)
    with pytest.raises(settings.SettingsError, match=words.replace("--settings", "--family")):
        settings.parse(Estimate, text, "--family")


def test_fingerprints_are_stable_and_tell_apart(shipped):
    paper, demo = shipped.runs["paper"], shipped.runs["demo"]
    digest = hashlib.sha256(b'[1, "a", {"b": 2, "c": [3]}]').hexdigest()
    assert settings.fingerprint(1, "a", {"b": 2, "c": [3]}) == settings.fingerprint(1, "a", {"c": [3], "b": 2}) == digest[:16]
    assert settings.fingerprint(paper.train) == settings.fingerprint(settings.parse(Train, settings.dumps(paper.train)))
    assert settings.fingerprint(paper.train) != settings.fingerprint(demo.train)
    assert settings.fingerprint(paper.train, 1) != settings.fingerprint(paper.train, 2)


def test_settings_do_not_change(shipped):
    with pytest.raises(ValueError, match="frozen"):
        shipped.runs["demo"].train.clip_low = 0.5


def idle_keys(model: type[settings.Section]) -> set[str]:
    return {name for name, field in model.model_fields.items() if field.json_schema_extra == settings.IDLE}


def test_which_keys_no_result_depends_on():
    """A key may only be one of these if the same job gives the same files with any value of it."""
    assert idle_keys(settings.Engine) == {"python", "gpu_memory", "kv_cache_gb"}
    assert idle_keys(settings.Interpreter) == {"isolation", "max_infrastructure_errors"}
    assert idle_keys(settings.Grading) == {"max_infrastructure_errors"}
    assert idle_keys(settings.Optimizer) == {"checkpoint_minutes"}
    for other in (settings.Sampling, settings.Explore, settings.Evaluate, settings.Data, settings.Family, settings.Cases):
        assert idle_keys(other) == set()


def test_what_decides_holds_all_other_keys_of_all_sections(shipped):
    run = shipped.runs["siam_demo"]
    training = settings.Training(loss="likelihood", optimizer=run.start.optimizer)
    told = settings.deciding({"engine": run.engine, "trainings": [training], "grading": run.grading})
    assert {*told["engine"]} == {*run.engine.model_dump()} - idle_keys(settings.Engine)
    assert told["trainings"][0]["optimizer"] == training.optimizer.model_dump(exclude={"checkpoint_minutes"})
    assert told["grading"] == run.grading.model_dump(exclude={"max_infrastructure_errors"})
    moved = run.engine.model_copy(update={"python": "elsewhere", "gpu_memory": 0.1, "kv_cache_gb": 1})
    assert settings.deciding(moved) == settings.deciding(run.engine)
    assert settings.deciding(moved.model_copy(update={"dtype": "bfloat16"})) != settings.deciding(run.engine)
