"""Training: one program for every policy, be it a start policy or that of an iteration; {trained} is either. GPU jobs.

Reads training.parquet and the model that training starts from (`origin_model`: base for a start policy, else the policy before). In
iterations it scores them first: logprobs.parquet, by teacher forcing. Writes model, training_log.parquet, settings.json, provenance.json.
"""

SFT_FAMILIES = one_of(name for name, family in CONFIG.families.items() if family.precondition == "sft")
ITERATIONS = rf"(?:{one_of(experiment_names())})/(?:{one_of(CONFIG.families)})/seed[1-9]\d*/iter[1-9]\d?"


rule score_logprobs:
    """Log-probabilities of training data under the policy that training starts from."""
    input:
        training="results/{run}/{trained}/training.parquet",
        model=origin_model,
    output:
        "results/{run}/{trained}/logprobs.parquet",
    log:
        "logs/results/{run}/{trained}/logprobs.log",
    benchmark:
        "logs/results/{run}/{trained}/logprobs.timing.tsv"
    wildcard_constraints:
        trained=ITERATIONS,
    conda:
        "../envs/train.yaml"
    threads: cores("score")
    resources:
        **asks("score"),
    params:
        tokens=lambda wildcards: training_of(wildcards).optimizer.micro_batch_tokens,
        threads=lambda wildcards: training_of(wildcards).optimizer.threads,
        dtype=scoring_dtype,
        profile=prompt_profile,
    shell:
        "exec python workflow_scripts/score_logprobs.py --training {input.training:q} --model {input.model:q} --out {output:q}"
        " --profile {params.profile} --micro-batch-tokens {params.tokens} --threads {params.threads} --dtype {params.dtype} > {log:q} 2>&1"


rule train_policy:
    """The policy of an iteration."""
    input:
        training="results/{run}/{trained}/training.parquet",
        logprobs="results/{run}/{trained}/logprobs.parquet",
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
        trained=ITERATIONS,
    conda:
        "../envs/train.yaml"
    threads: cores_of_training("train")
    resources:
        **asks("train"),
    params:
        launcher=launcher("train"),
        family=training_family,
        settings=lambda wildcards: settings.dumps(training_of(wildcards)),
        logprobs=flag("--logprobs", "logprobs"),
        iteration=lambda wildcards: trained_policy(wildcards).iteration,
        seed=lambda wildcards: trained_policy(wildcards).seed,
        checkpoints="checkpoints/{run}/{trained}",
    shell:
        "exec {params.launcher} workflow_scripts/train_policy.py --training {input.training:q} {params.logprobs}"
        " --model {input.model:q} --out-model {output.model:q} --out-log {output.training_log:q}"
        " --out-settings {output.settings:q} --out-provenance {output.provenance:q} --family {params.family:q}"
        " --settings {params.settings:q} --iteration {params.iteration} --seed {params.seed}"
        " --checkpoints {params.checkpoints:q} > {log:q} 2>&1"


use rule train_policy as train_start with:
    input:
        training="results/{run}/{trained}/training.parquet",
        logprobs=[],
        model=origin_model,
    wildcard_constraints:
        trained=rf"start/(?:{SFT_FAMILIES})/seed[1-9]\d*",
    threads: cores_of_training("start")
    resources:
        **asks("start"),
    params:
        launcher=launcher("start"),
