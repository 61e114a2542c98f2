"""Functions of wildcards that find what SIaM's stages read: selections, and the rollouts behind them."""

from mathcode.methods.siam import artifacts as siam


def selecting(wildcards):
    """The start policy or the round that selected programs are for."""
    return owned(wildcards, wildcards.selecting)


def pool_before(wildcards):
    """The pool that was explored for it."""
    return siam.pool(CONFIG.runs[wildcards.run], selecting(wildcards))


def programs_before(wildcards):
    """Rollouts of the policy before, on that pool."""
    policy = siam.explorer(selecting(wildcards))
    return paths.in_run(wildcards.run, paths.rollouts(policy, siam.MODE, pool_before(wildcards)))


def verdicts_before(wildcards):
    """Their grades by the judge that filters."""
    policy = selecting(wildcards)
    judge = siam.judge(CONFIG.runs[wildcards.run], policy)
    return paths.in_run(wildcards.run, paths.rollout_grades(siam.explorer(policy), siam.MODE, judge, pool_before(wildcards)))


def questions_before(wildcards):
    return paths.in_run(wildcards.run, paths.data(pool_before(wildcards)))


def select_settings(wildcards):
    """The section, of which only what selects programs is compared: a rule has no threshold."""
    chosen = siam.selection(CONFIG.runs[wildcards.run], selecting(wildcards))
    ruled = [] if configuration.critic_of(chosen.judge) else ["threshold"]
    return told(chosen, "judge", "keep", "pool", "balance", *ruled)


def seed_set(wildcards):
    """The seed set; for a base, what it is pretrained on."""
    pretrains = owned(wildcards, wildcards.demonstrated).experiment == paths.BASE
    return paths.in_run(wildcards.run, paths.data("pretraining" if pretrains else "sft"))


def selected_programs(wildcards):
    """What D_0 to D_n add to it."""
    before = siam.learned_from(CONFIG.runs[wildcards.run], paths.Policy.parse(wildcards.demonstrated))
    return [paths.in_run(wildcards.run, paths.of_policy(policy, "accepted")) for policy in before]


def tokenizer_before(wildcards):
    """A folder with the tokenizer of the policy that is to be trained."""
    policy = paths.Policy.parse(wildcards.demonstrated)
    kind = paths.SCRATCH if policy.experiment == paths.BASE else paths.BASE
    return paths.in_run(wildcards.run, paths.model(paths.Policy(kind, policy.family, policy.seed)))


def balance(wildcards):
    """How accepted programs are weighed; a base and a seeded policy learn from none."""
    policy, run = paths.Policy.parse(wildcards.demonstrated), CONFIG.runs[wildcards.run]
    if policy.iteration:
        return run.of(policy.experiment).select.balance
    return run.select.balance if policy.experiment == paths.START else "none"


def pair_settings(wildcards):
    run = CONFIG.runs[wildcards.run]
    return run.preferring(among(wildcards, "preference", wildcards.preference, run.preferences))


def unaligned(wildcards):
    return f"{wildcards.experiment}/{wildcards.family}/seed{wildcards.seed}/iter{wildcards.iteration}"


def programs_of_pairs(wildcards):
    chosen = pair_settings(wildcards).pair
    return paths.in_run(wildcards.run, paths.rollouts(unaligned(wildcards), siam.MODE, chosen.pool))


def verdicts_of_pairs(wildcards):
    chosen = pair_settings(wildcards).pair
    return paths.in_run(wildcards.run, paths.rollout_grades(unaligned(wildcards), siam.MODE, chosen.judge, chosen.pool))


def questions_of_pairs(wildcards):
    return paths.in_run(wildcards.run, paths.data(pair_settings(wildcards).pair.pool))


def joined(run):
    """Benchmarks of a run that one job samples and judges; none where a run splits its sampling, or where one would be alone."""
    together = [name for name in run.build.benchmarks if name in run.evaluate.together]
    return together if len(together) > 1 and run.resources.of("evaluate").shards == 1 else []


SIAM_RUNS = {name: run for name, run in CONFIG.runs.items() if run.method == "siam"}
SIAM_TOGETHER = {name: benchmarks for name, run in SIAM_RUNS.items() if (benchmarks := joined(run))}
"""Joined benchmarks, by run."""


def alone(runs):
    """Pattern of these runs, in paths of benchmarks that are not joined."""
    others = {run: rf"(?!/.+/eval/\w+/(?:{one_of(names)})[/.])" for run, names in SIAM_TOGETHER.items()}
    return one_of(run + others.get(run, "") for run in runs)


def overlap_of(benchmarks):
    """Input function: the items of these benchmarks that overlap with anything the policy's family learns from."""

    def paths_of_overlap(wildcards):
        return [path for name in benchmarks for path in overlapping(wildcards.run, family_of(wildcards), name)]

    return paths_of_overlap
