"""Training: one rule for every policy, {trained}: SFT of a start policy, off-policy RL of an iteration.

Reads training.parquet, the policy training starts from, and for RL its log-probabilities (logprobs.parquet, by teacher forcing); writes
the policy. GPU jobs, unless the family is tiny.
"""


class PolicyWildcards(dict):
    """Wildcards that a path of several of them is made of, read like a rule's own."""

    __getattr__ = dict.__getitem__


def trained_pattern():
    """Policies that are trained: start policies with SFT, and iterations."""
    families, experiments = one_of(CONFIG.families), one_of(experiment_names())
    return rf"start/(?:{families_by('sft')})/seed[1-9]\d*|(?:{experiments})/(?:{families})/seed[1-9]\d*/iter[1-9]\d?"


def of_trained(wildcards):
    """The wildcards of a trained policy's path, apart."""
    experiment, family, seed, *iteration = wildcards.trained.split("/")
    found = {"run": wildcards.run, "family": family, "seed": seed.removeprefix("seed")}
    if iteration:
        found |= {"experiment": experiment, "iteration": iteration[0].removeprefix("iter")}
    return PolicyWildcards(found)


def trained_iteration(wildcards):
    """0: a start policy."""
    return int(of_trained(wildcards).get("iteration", 0))


def origin_model(wildcards):
    """Folder of the model that training starts from."""
    found = of_trained(wildcards)
    return previous_model(found) if trained_iteration(wildcards) else f"results/{found.run}/base/{found.family}/seed{found.seed}/model"


def reference_logprobs(wildcards):
    """Log-probabilities under that model, where the loss reads them."""
    return f"results/{wildcards.run}/{wildcards.trained}/logprobs.parquet" if trained_iteration(wildcards) else []


def training_json(wildcards):
    """Loss, its numbers and the optimizer."""
    found = of_trained(wildcards)
    return settings.dumps(CONFIG.method(found.run).training(run_of(found), trained_iteration(wildcards)))


def trained_nodes(value):
    """Resource that only a training job over several nodes has."""
    return lambda wildcards: for_several_nodes(value)(of_trained(wildcards))


def trained_cpus(wildcards):
    """A start policy is trained alone, so it may want more than a job of which several run."""
    return (cpus if trained_iteration(wildcards) else start_cpus)(of_trained(wildcards))


rule score_logprobs:
    """Log-probabilities of the synthesized responses under the frozen policy and the native prompt."""
    input:
        training="results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/training.parquet",
        model=previous_model,
    output:
        "results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/logprobs.parquet",
    log:
        "logs/results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/logprobs.log",
    benchmark:
        "logs/results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/logprobs.timing.tsv"
    conda:
        "../envs/train.yaml"
    threads: cpus
    resources:
        gpu=one_gpu,
        nodes=1,
        mem_mb=memory_mb,
        runtime=walltime,
    params:
        tokens=micro_batch_tokens,
        dtype=scoring_dtype,
        threads=scoring_threads,
    shell:
        "exec python workflow_scripts/score_logprobs.py --training {input.training:q} --model {input.model:q} --out {output:q}"
        " --micro-batch-tokens {params.tokens} --threads {params.threads} --dtype {params.dtype} > {log:q} 2>&1"


rule train_policy:
    """Train a policy on its training table, with the loss of its stage."""
    input:
        training="results/{run}/{trained}/training.parquet",
        logprobs=reference_logprobs,
        model=origin_model,
    output:
        model=directory("results/{run}/{trained}/model"),
        training_log="results/{run}/{trained}/training_log.parquet",
        settings="results/{run}/{trained}/settings.json",
        provenance="results/{run}/{trained}/provenance.json",
    log:
        "logs/results/{run}/{trained}/model.log",
    benchmark:
        "logs/results/{run}/{trained}/model.timing.tsv"
    wildcard_constraints:
        trained=trained_pattern(),
    conda:
        "../envs/train.yaml"
    threads: trained_cpus
    resources:
        gpu=lambda wildcards: all_gpus(of_trained(wildcards)),
        mem_mb=lambda wildcards, attempt: memory_mb(of_trained(wildcards), attempt),
        runtime=lambda wildcards, attempt: walltime(of_trained(wildcards), attempt),
        nodes=lambda wildcards: nodes(of_trained(wildcards)),
        mpi=trained_nodes(lambda hardware: "srun"),
        tasks=trained_nodes(lambda hardware: hardware.nodes),
        tasks_per_gpu=trained_nodes(lambda hardware: 0),
        gres=trained_nodes(lambda hardware: f"gpu:{hardware.gpus}" if hardware.gpus else None),
    params:
        launcher=lambda wildcards: launcher(of_trained(wildcards)),
        family=lambda wildcards: family_json(of_trained(wildcards)),
        settings=training_json,
        logprobs=flag("--logprobs", "logprobs"),
        iteration=trained_iteration,
        seed=lambda wildcards: of_trained(wildcards).seed,
        checkpoints="checkpoints/{run}/{trained}",
    shell:
        "exec {params.launcher} workflow_scripts/train_policy.py --training {input.training:q} {params.logprobs}"
        " --model {input.model:q} --out-model {output.model:q} --out-log {output.training_log:q}"
        " --out-settings {output.settings:q} --out-provenance {output.provenance:q} --family {params.family:q}"
        " --settings {params.settings:q} --iteration {params.iteration} --seed {params.seed}"
        " --checkpoints {params.checkpoints:q} > {log:q} 2>&1"
