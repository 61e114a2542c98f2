"""Rules and `mathcode.paths` say the same paths: what rules show a reader, Python asks for."""

import re

import pytest
from support.running import ROOT

from mathcode import configuration, paths, settings
from mathcode.paths import Critic, Policy

PATTERNS = {
    "rollouts": paths.rollouts("{policy}", "{mode}", "{pool}"),
    "grades of rollouts": paths.rollout_grades("{policy}", "{mode}", "{judge}", "{pool}"),
    "responses": paths.responses("{policy}", "{mode}", "{benchmark}"),
    "grades of responses": paths.response_grades("{policy}", "{mode}", "{benchmark}", "{judge}"),
    "scores": paths.scores("{policy}", "{mode}", "{benchmark}", "{judge}"),
    "training data": paths.data("{use}"),
    "pools": paths.data("{pool}"),
    "overlapping items": paths.overlap_items("{use}", "{benchmark}"),
    "counts of overlap": paths.overlap_counts("{use}", "{benchmark}"),
    "cases to test on": paths.cases("{case_set}"),
    "verdicts": paths.verdicts("{case_set}", "{seed}", "{judge}"),
    "cases to learn from": paths.of_policy("critics/{critic}/seed{seed}", "cases"),
    "pairs": paths.of_policy("{experiment}/{family}/seed{seed}/iter{iteration}/{preference}", "training"),
}


@pytest.fixture(scope="module")
def written() -> set[str]:
    """Every path below results/{run} that a rule names."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in [*ROOT.glob("rules/*.smk"), *ROOT.glob("rules/*/*.smk")])
    return set(re.findall(r'"results/\{run\}/([^"]+)"', text))


@pytest.mark.parametrize("what", PATTERNS)
def test_a_rule_writes(written, what):
    assert PATTERNS[what] in written


POLICIES = {
    "base/tiny/seed1": Policy("base", "tiny", 1),
    "start/tiny/seed12": Policy("start", "tiny", 12),
    "scratch/tiny/seed1": Policy("scratch", "tiny", 1),
    "seeded/tiny/seed1": Policy("seeded", "tiny", 1),
    "main/llama31/seed3/iter2": Policy("main", "llama31", 3, 2),
    "main/llama31/seed3/iter2/dpo_02": Policy("main", "llama31", 3, 2, "dpo_02"),
}


@pytest.mark.parametrize("text", POLICIES)
def test_policies_are_read_as_they_are_written(text):
    assert Policy.parse(text) == POLICIES[text]
    assert str(POLICIES[text]) == text
    assert paths.trained(text) == POLICIES[text]


def test_critics_are_read_as_they_are_written():
    assert paths.trained("critics/zh_main/seed12") == Critic("zh_main", 12)
    assert str(Critic("zh_main", 12)) == "critics/zh_main/seed12"


@pytest.mark.parametrize("text", ["critics/main", "critics/main/seed0", "critics/Main-1/seed1"])
def test_what_names_no_critic(text):
    with pytest.raises(ValueError, match="names no policy"):
        paths.trained(text)


NAMES = {"families": ["tiny", "llama31"], "experiments": ["main", "exact"], "preferences": ["dpo_0", "orpo"]}


def test_policies_that_are_explored_are_those_of_configured_names():
    pattern = paths.policy_pattern(**NAMES)
    policies = {*POLICIES} - {"scratch/tiny/seed1", "main/llama31/seed3/iter2/dpo_02"} | {"exact/tiny/seed1/iter1/orpo"}
    assert all(re.fullmatch(pattern, policy) for policy in policies)
    strange = ["scratch/tiny/seed1", "main/tiny/seed1", "main/tiny/seed1/iter1/dpo", "start/tiny/seed1/orpo", "critics/main/seed1"]
    assert not [policy for policy in strange if re.fullmatch(pattern, policy)]
    assert not re.fullmatch(paths.policy_pattern(["tiny"], ["main"]), "main/tiny/seed1/iter1/dpo_0")


JUDGES = {"exact": None, "lenient": None, "executes": None, "oracle": None, "critic_main": "main", "cascade_zh_2": "zh_2"}


@pytest.mark.parametrize("judge", JUDGES)
def test_the_critic_in_the_name_of_a_judge(judge):
    assert configuration.critic_of(judge) == JUDGES[judge]


@pytest.mark.parametrize("judge", ["", "exact_main", "critic", "critic_", "critic_Main", "main"])
def test_what_names_no_judge(judge):
    with pytest.raises(settings.SettingsError, match="unknown judge"):
        configuration.critic_of(judge)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "main/tiny/seed1",
        "start/tiny/seed1/iter1",
        "seeded/tiny/seed1/dpo_0",
        "main/tiny/seed1/dpo_0",
        "main/tiny/seed0/iter1",
        "main/tiny/seed1/iter0",
        "main/seed1",
    ],
)
def test_what_names_no_policy(text):
    with pytest.raises(ValueError, match="names no policy"):
        Policy.parse(text)


def test_the_order_of_training():
    last = Policy("main", "tiny", 1, 3)
    order = [last]
    while order[-1].experiment != paths.BASE:
        order.append(order[-1].before)
    assert list(map(str, order)) == [
        "main/tiny/seed1/iter3",
        "main/tiny/seed1/iter2",
        "main/tiny/seed1/iter1",
        "start/tiny/seed1",
        "base/tiny/seed1",
    ]


def test_an_aligned_policy_starts_from_that_of_its_iteration():
    assert str(Policy("main", "tiny", 1, 2, "dpo_0").before) == "main/tiny/seed1/iter2"


def test_what_a_policy_of_siam_is_trained_from():
    config = configuration.load(ROOT / "config")
    run, siam = config.runs["siam_demo"], configuration.METHODS["siam"]
    origins = {
        "base/tiny_siam/seed1": "scratch/tiny_siam/seed1",
        "seeded/tiny_siam/seed1": "base/tiny_siam/seed1",
        "start/tiny_siam/seed1": "base/tiny_siam/seed1",
        "main/tiny_siam/seed1/iter2": "base/tiny_siam/seed1",
        "main/tiny_siam/seed1/iter2/dpo_0": "main/tiny_siam/seed1/iter2",
        "critics/main/seed1": "base/tiny_critic/seed1",
        "critics/full/seed1": "critics/main/seed1",
    }
    assert {text: str(siam.origin(run, paths.trained(text))) for text in origins} == origins
    onward = run.model_copy(update={"train": run.train.model_copy(update={"origin": "previous"})})
    assert str(siam.origin(onward, paths.trained("main/tiny_siam/seed1/iter2"))) == "main/tiny_siam/seed1/iter1"
