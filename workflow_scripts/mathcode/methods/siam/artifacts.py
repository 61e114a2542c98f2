"""What a run of SIaM is made of: its policies, and the files that its tables, figures and pages read.

Paths are below the run's folder (`mathcode.paths`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from mathcode import paths, settings
from mathcode.methods.method import trained_policies
from mathcode.methods.siam.settings import MAIN, SEED_SET, Select, SiamRun, in_rounds, paired
from mathcode.paths import BASE, SEEDED, START, Policy
from mathcode.report import case_judges
from mathcode.settings import Family

MODE, SAMPLED = "code", "code_sampled"
"""The mode of exploration and greedy evaluation; that of samples whose length is measured."""
SELF_DISTILLED_BY = "exact"
"""Who accepts these answers: the execution result is the reference."""


def of_kind(run: SiamRun, kind: str) -> list[Policy]:
    """The policies without iterations of a kind."""
    return [Policy(kind, family, seed) for family in run.build.families for seed in run.build.seeds]


def unaligned(run: SiamRun) -> list[Policy]:
    """The policies of main from which preferences start; none where a run has no preferences."""
    if not run.build.preferences:
        return []
    return [Policy(MAIN, family, seed, run.build.aligned) for family in run.build.families for seed in run.build.seeds]


def aligned(run: SiamRun) -> list[Policy]:
    """What every preference makes of them."""
    return [
        Policy(before.experiment, before.family, before.seed, before.iteration, preference)
        for preference in run.build.preferences
        for before in unaligned(run)
    ]


def policies(run: SiamRun) -> list[Policy]:
    """Every policy that is evaluated."""
    return [policy for kind in (BASE, SEEDED, START) for policy in of_kind(run, kind)] + trained_policies(run) + aligned(run)


def pool(run: SiamRun, policy: Policy) -> str:
    """The pool whose accepted programs a start policy or a round adds."""
    if policy.iteration == 0:
        return SEED_SET
    return run.of(policy.experiment).select.pool or f"web{policy.iteration}"


def explorer(policy: Policy) -> Policy:
    """The policy that wrote them: the seeded one for the start, else the policy before."""
    return Policy(SEEDED, policy.family, policy.seed) if policy.experiment == START else policy.before


def judge(run: SiamRun, policy: Policy) -> str:
    """Who accepted them."""
    return selection(run, policy).judge


def selection(run: SiamRun, policy: Policy) -> Select:
    """How they are selected. M_0 is the common start of all experiments: none of the limits that compare filters holds for it."""
    if policy.experiment == START:
        return run.select.model_copy(update={"judge": SELF_DISTILLED_BY, "rows": None})
    return run.of(policy.experiment).select


def selected(run: SiamRun) -> list[Policy]:
    """Policies that learn from selected programs: start policies, and rounds that add any."""
    return of_kind(run, START) + [policy for policy in trained_policies(run) if run.of(policy.experiment).select.keep == "accepted"]


def learned_from(run: SiamRun, policy: Policy) -> list[Policy]:
    """The policies whose selections a policy learns from, beside the seed set: D_0 to D_n."""
    if policy.experiment in (BASE, SEEDED):
        return []
    start = Policy(START, policy.family, policy.seed)
    before = [Policy(policy.experiment, policy.family, policy.seed, number) for number in range(1, policy.iteration + 1)]
    return [start, *(one for one in before if run.of(one.experiment).select.keep == "accepted")]


def pairs(run: SiamRun, policy: Policy) -> tuple[str, str]:
    """The pool and the judge of the pairs that an aligned policy learns from."""
    chosen = run.preferring(policy.preference).pair
    return chosen.pool, chosen.judge


def named_judges(run: SiamRun) -> dict[str, str]:
    """Every judge that a run names, by what names it."""
    return {
        "key 'select.judge'": run.select.judge,
        "key 'pair.judge'": run.pair.judge,
        **{f"key 'build.critics.{place}'": f"critic_{name}" for place, name in enumerate(run.build.critics)},
        **{f"key 'evaluate.judges.{place}'": judge for place, judge in enumerate(run.evaluate.judges)},
        **{f"experiment '{name}': key 'select.judge'": run.of(name).select.judge for name in run.experiments},
        **{f"preference '{name}': key 'pair.judge'": run.preferring(name).pair.judge for name in run.preferences},
    }


def audited_by(run: SiamRun) -> list[str]:
    """Who audits what was accepted: the grader of the run, and the strict rule."""
    return [run.evaluate.judges[0], SELF_DISTILLED_BY]


def web(run: SiamRun) -> list[str]:
    """The datasets that stand for the paper's web corpus: those of the pools that rounds and pairs take their questions from."""
    pools = [chosen for name, chosen in run.data.pools.items() if name.startswith("web")]
    return list(dict.fromkeys(dataset for chosen in pools for dataset in chosen.datasets))


def planned(run: SiamRun) -> dict[str, Any]:
    """What its reports are told of a run beside what all are told."""
    return {
        "preferences": {name: run.preferences[name].label for name in run.build.preferences},
        "aligned": run.build.aligned,
        "judges": run.evaluate.judges,
        "in_domain": run.evaluate.in_domain,
        "critics": {name: run.critics[name].label for name in run.build.critics},
        "critic_lines": case_judges.lines(run.critics, run.build.critics),
        "case_sets": {name: run.case_sets[name].label for name in run.build.case_sets},
        "case_judges": case_judges.judges(run.build.critics),
        "filters": {name: run.of(name).select.judge for name in run.build.experiments if run.of(name).select.keep == "accepted"},
        "thresholds": {name: run.of(name).select.threshold for name in run.build.experiments if run.of(name).select.keep == "accepted"},
        "losses": {name: run.preferring(name).align.loss for name in run.build.preferences},
        "likelihood_terms": {name: run.preferring(name).align.taken for name in run.build.preferences},
        "pairings": {name: settings.dumps(run.preferring(name).pair) for name in run.build.preferences},
        "sure": [name for name in run.build.preferences if run.preferring(name).pair.sure],
        "pools": {str(policy): [str(explorer(policy)), pool(run, policy), judge(run, policy)] for policy in selected(run)},
        "pair_pools": {str(policy): list(pairs(run, policy)) for policy in aligned(run)},
        "web": web(run),
    }


def samples(run: SiamRun, mode: str, pool: str, policy: Policy) -> range:
    """Indices of the rollouts of a query: more for self-distillation and for pairs.

    A pool that an experiment explores in every round gets other indices in each. The index draws the chance: with the same ones a
    policy would write many programs again that the policy before it wrote.
    """
    counts = {SEED_SET: run.start.samples} | dict.fromkeys(paired(run) - set(in_rounds(run).values()), run.pair.samples)
    count = counts.get(pool, run.explore.samples)
    first = count * _explored_before(run, pool, policy)
    return range(first, first + count)


def _explored_before(run: SiamRun, pool: str, policy: Policy) -> int:
    """How many policies of its line explored a pool before this one."""
    if pool == SEED_SET:
        return 0 if policy.experiment == SEEDED else policy.iteration + 1
    return policy.iteration if policy.iteration and run.of(policy.experiment).select.pool == pool else 0


def tabulated(run: SiamRun, families: Mapping[str, Family]) -> list[str]:
    """Everything the tables and figures of a run are made of."""
    evaluations = [(policy, MODE, benchmark) for policy in policies(run) for benchmark in run.build.benchmarks]
    lengths = [(policy, benchmark) for policy in unaligned(run) + aligned(run) for benchmark in run.build.benchmarks]
    accepted = selected(run)
    found = [
        *(paths.scores(*one, judge) for one in evaluations for judge in run.evaluate.judges),
        *(paths.response_grades(*one, judge) for one in evaluations for judge in run.evaluate.judges),
        *(paths.responses(policy, mode, benchmark) for policy, benchmark in lengths for mode in (MODE, SAMPLED)),
        *(paths.responses(*one) for one in evaluations if one[0].experiment in (BASE, SEEDED, START, MAIN)),  # how their programs ended
        *(paths.response_grades(policy, SAMPLED, benchmark, run.evaluate.judges[0]) for policy, benchmark in lengths),
        *(paths.of_policy(policy, "accepted") for policy in accepted),
        *(paths.of_policy(policy, "training_log") for policy in of_kind(run, START) + trained_policies(run)),
        *(paths.of_policy(policy, name) for policy in aligned(run) for name in ("training", "training_log")),
        *(
            paths.rollout_grades(explorer(policy), MODE, who, pool(run, policy))
            for policy in accepted
            for who in (judge(run, policy), *audited_by(run))
        ),
        *(paths.data(pool(run, policy)) for policy in accepted),
        *(
            paths.rollout_grades(policy.before, MODE, who, pairs(run, policy)[0])
            for policy in aligned(run)
            for who in (pairs(run, policy)[1], *audited_by(run))
        ),
        *case_judges.read_by_tables(run.build.case_sets, case_judges.lines(run.critics, run.build.critics), run.build.seeds),
        *(paths.of_policy(paths.Critic(name, seed), "training_log") for name in run.build.critics for seed in run.build.seeds),
        *(
            path(use, benchmark)
            for path in (paths.overlap_items, paths.overlap_counts)
            for use in sorted({use for family in run.build.families for use in families[family].learned_from})
            for benchmark in run.build.benchmarks
        ),
    ]
    return list(dict.fromkeys(found))


def exemplary(experiments: Sequence[str], families: Sequence[str], seeds: Sequence[int], iterations: int) -> Policy:
    """The policy whose selection is shown as worked examples: the last of main, or M_0 where a run has no main."""
    if MAIN in experiments:
        return Policy(MAIN, families[0], seeds[0], iterations)
    return Policy(START, families[0], seeds[0])


def exemplified(run: SiamRun) -> list[str]:
    """What worked examples are taken from: programs that a policy wrote, their questions, and what was said of them."""
    build = run.build
    policy = exemplary(build.experiments, build.families, build.seeds, build.iterations)
    asked, by = pool(run, policy), explorer(policy)
    graded = [paths.rollout_grades(by, MODE, who, asked) for who in (judge(run, policy), run.evaluate.judges[0])]
    return list(dict.fromkeys([paths.rollouts(by, MODE, asked), paths.data(asked), *graded]))


def browsed(run: SiamRun) -> list[str]:
    """The texts behind the graded responses, and behind what main selected."""
    main = [policy for policy in selected(run) if policy.experiment in (START, MAIN)]
    found = [
        *(paths.responses(policy, MODE, benchmark) for policy in policies(run) for benchmark in run.build.benchmarks),
        *(paths.rollouts(explorer(policy), MODE, pool(run, policy)) for policy in main),
        *(paths.data(pool(run, policy)) for policy in main),
    ]
    return list(dict.fromkeys(found))
