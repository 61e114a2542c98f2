"""What a run of AutoCode is made of: its policies, and the files that its tables, figures and pages read.

Paths are below the run's folder (`mathcode.paths`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from mathcode import paths
from mathcode.methods.autocode import dictations
from mathcode.methods.autocode.methodologies import all_of
from mathcode.methods.autocode.settings import AutoCodeRun
from mathcode.methods.method import trained_policies
from mathcode.paths import START, Policy
from mathcode.report import case_judges
from mathcode.settings import Family

EM = "main"
"""The experiment that is the paper's method."""

JUDGE = "exact"
"""Who grades what is reported."""


def added(run: AutoCodeRun) -> dict[str, Any]:
    """What a run adds to the method: its methodologies beside the paper's."""
    own = {name: one.model_dump(exclude_defaults=True) for name, one in run.methodologies.items()}
    return {"methodologies": own} if own else {}


def explored_modes(run: AutoCodeRun) -> list[str]:
    """Modes in which EM explores."""
    return ["native", *all_of(run.methodologies)]


def start_policies(run: AutoCodeRun) -> list[Policy]:
    """The policies iteration 1 starts from."""
    return [Policy(START, family, seed) for family in run.build.families for seed in run.build.seeds]


def policies(run: AutoCodeRun) -> list[Policy]:
    """Every policy that is evaluated."""
    return start_policies(run) + trained_policies(run)


def labelled_policies(run: AutoCodeRun) -> list[Policy]:
    """Policies whose selection accuracy is measured: start policies and last iterations."""
    return [policy for policy in policies(run) if policy.iteration in (0, run.build.iterations)]


def explored_by_em(run: AutoCodeRun) -> list[Policy]:
    """Policies that EM explores on the way: start policies, and its own but the last."""
    if EM not in run.build.experiments:
        return []
    own = [policy for policy in trained_policies(run) if policy.experiment == EM and policy.iteration < run.build.iterations]
    return start_policies(run) + own


def uses(run: AutoCodeRun, families: Mapping[str, Family]) -> list[str]:
    """What the run's policies learn from: `queries`, and `sft` where a family has SFT."""
    learned = {use for family in run.build.families for use in families[family].learned_from}
    return sorted(learned)


def judges(run: AutoCodeRun) -> dict[str, str]:
    """Every judge that a run names, by what names it: the reward. What is reported is graded by JUDGE."""
    named = {f"experiment '{name}': key 'explore.judge'": run.of(name).explore.judge for name in run.experiments}
    return {"key 'explore.judge'": run.explore.judge, **named}


def exemplary(experiments: Sequence[str], families: Sequence[str], seeds: Sequence[int], iterations: int) -> Policy:
    """The policy whose responses are shown as worked examples: the last of EM, or of the first experiment where a run has no EM."""
    return Policy(EM if EM in experiments else experiments[0], families[0], seeds[0], iterations)


def exemplified(run: AutoCodeRun) -> list[str]:
    """The responses that worked examples are taken from."""
    build = run.build
    return [paths.responses(exemplary(build.experiments, build.families, build.seeds, build.iterations), "auto", build.benchmarks[0])]


def planned(run: AutoCodeRun) -> dict[str, Any]:
    """What its reports are told of a run beside what all are told."""
    return {
        "published": run.build.published,
        "selection_benchmarks": run.evaluate.selection_benchmarks,
        "health": run.health.model_dump(),
        **({"reward": _rewarding(run)} if _rewarding(run) != JUDGE else {}),
        **({"adaptive": run.explore.adaptive.model_dump()} if run.explore.adaptive else {}),
        **(_judged(run) if run.case_sets else {}),
        **added(run),
    }


def _rewarding(run: AutoCodeRun) -> str:
    """The judge that EM's rollouts are rewarded by."""
    return (run.of(EM) if EM in run.experiments else run).explore.judge


def _judged(run: AutoCodeRun) -> dict[str, Any]:
    """Its case sets, and the judges that are compared on them."""
    return {
        "critics": {name: row.label for name, row in run.critics.items()},
        "critic_lines": case_judges.lines(run.critics, run.critics),
        "case_sets": {name: row.label for name, row in run.case_sets.items()},
        "case_judges": case_judges.judges(run.critics),
    }


def samples(run: AutoCodeRun, mode: str, pool: str = "", policy: Policy | None = None) -> range:
    """Indices of the rollouts of a query in a mode of exploration; native_extra goes on counting where native ends.

    Random numbers follow from the index: where iterations explore the same queries, each counts on where the one before ended.
    """
    explore = run.explore
    fresh = explore.fresh_queries and explore.queries_per_iteration is not None  # without a number, all queries are explored each time
    first = 0 if fresh or policy is None else policy.iteration * (explore.samples + explore.extra)
    if mode == "native_extra":
        return range(first + explore.samples, first + explore.samples + explore.extra)
    return range(first, first + explore.samples)


def tabulated(run: AutoCodeRun, families: Mapping[str, Family]) -> list[str]:
    """Everything the tables and figures of a run are made of."""
    methodologies = all_of(run.methodologies)
    evaluated, sampled = dictations.evaluated(methodologies), dictations.sampled(methodologies)
    evaluations = [(policy, mode, benchmark) for policy in policies(run) for mode in evaluated for benchmark in run.build.benchmarks]
    labels = [
        (policy, mode, benchmark)
        for policy in labelled_policies(run)
        for mode in sampled
        for benchmark in run.evaluate.selection_benchmarks
    ]
    trained = trained_policies(run)
    learned = uses(run, families)
    return [
        *(paths.scores(*evaluation, JUDGE) for evaluation in evaluations),
        *(paths.response_grades(*evaluation, JUDGE) for evaluation in evaluations + labels),
        *(paths.of_policy(policy, name) for policy in trained for name in ("training_log", "q_values", "reference_strategy", "logprobs")),
        *(
            paths.rollout_grades(policy, mode, judge)
            for judge in dict.fromkeys([JUDGE, run.explore.judge])
            for policy in explored_by_em(run)
            for mode in explored_modes(run)
        ),
        *(paths.overlap_items(use, benchmark) for use in learned for benchmark in run.build.benchmarks),
        *(paths.overlap_counts(use, benchmark) for use in learned for benchmark in run.build.benchmarks),
        *([paths.data("sft")] if "sft" in learned else []),
        *case_judges.read_by_tables(run.case_sets, case_judges.lines(run.critics, run.critics), run.build.seeds),
    ]


def browsed(run: AutoCodeRun) -> list[str]:
    """The texts behind the graded responses, and behind what EM explored."""
    evaluated = dictations.evaluated(all_of(run.methodologies))
    return [
        paths.data(paths.POOL),
        *(paths.responses(policy, mode, name) for policy in policies(run) for mode in evaluated for name in run.build.benchmarks),
        *(paths.rollouts(policy, mode) for policy in explored_by_em(run) for mode in explored_modes(run)),
    ]
