"""Rules and `mathcode.paths` say the same paths: what rules show a reader, Python asks for."""

import re

import pytest
from support.running import ROOT

from mathcode import paths
from mathcode.paths import Policy

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
    "main/llama31/seed3/iter2": Policy("main", "llama31", 3, 2),
}


@pytest.mark.parametrize("text", POLICIES)
def test_policies_are_read_as_they_are_written(text):
    assert Policy.parse(text) == POLICIES[text]
    assert str(POLICIES[text]) == text


@pytest.mark.parametrize(
    "text", ["", "main/tiny/seed1", "start/tiny/seed1/iter1", "main/tiny/seed0/iter1", "main/tiny/seed1/iter0", "main/seed1"]
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
