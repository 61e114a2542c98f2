"""Functions of wildcards that find what AutoCode's stages read: what belongs to the policy before an iteration."""


def before(wildcards):
    """The policy that an iteration explores and trains on."""
    return paths.Policy(wildcards.experiment, wildcards.family, int(wildcards.seed), int(wildcards.iteration)).before


def model_before(wildcards):
    return paths.in_run(wildcards.run, paths.model(before(wildcards)))


def rollouts_before(wildcards):
    return [paths.in_run(wildcards.run, paths.rollouts(before(wildcards), mode)) for mode in run_of(wildcards).explore.modes]


def grades_before(wildcards):
    explore = run_of(wildcards).explore
    return [paths.in_run(wildcards.run, paths.rollout_grades(before(wildcards), mode, explore.judge)) for mode in explore.modes]
