"""Training: one program for every policy and critic; {trained} is any of them. GPU jobs.

Reads training.parquet and the model that training starts from (`origin_model`, which the method says). Where the loss compares with that
model, it scores the training data first: logprobs.parquet, by teacher forcing. Writes model, training_log.parquet, settings.json and
provenance.json. The rules below differ in what they ask of a machine.
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
        trained=rf"{ITERATIONS}(?:/(?:{one_of(preference_names())}))?",
    conda:
        "../envs/train.yaml"
    threads: cores("score")
    resources:
        **asks("score"),
    params:
        tokens=lambda wildcards: training_of(wildcards).optimizer.micro_batch_tokens,
        threads=threads_of_scoring,
        dtype=scoring_dtype,
        profile=prompt_profile,
    shell:
        "exec python workflow_scripts/score_logprobs.py --training {input.training:q} --model {input.model:q} --out {output:q}"
        " --profile {params.profile:q} --micro-batch-tokens {params.tokens} --threads {params.threads} --dtype {params.dtype} > {log:q} 2>&1"


rule train_policy:
    """The policy of an iteration."""
    input:
        training="results/{run}/{trained}/training.parquet",
        logprobs=referenced,
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
        settings=lambda wildcards: told(training_of(wildcards)),
        logprobs=flag("logprobs"),
        opening=opening_of_cases,
        iteration=iteration_of,
        seed=lambda wildcards: paths.trained(wildcards.trained).seed,
        checkpoints="checkpoints/{run}/{trained}",
    shell:
        "exec {params.launcher} workflow_scripts/train_policy.py --training {input.training:q} {params.logprobs} {params.opening}"
        " --model {input.model:q} --out-model {output.model:q} --out-log {output.training_log:q}"
        " --out-settings {output.settings:q} --out-provenance {output.provenance:q} --family {params.family:q}"
        " --settings {params.settings:q} --iteration {params.iteration} --seed {params.seed}"
        " --checkpoints {params.checkpoints:q} > {log:q} 2>&1"


use rule train_policy as train_start with:
    """A start policy, or a seeded one: SFT of a base."""
    wildcard_constraints:
        trained=rf"(?:seeded|start)/(?:{SFT_FAMILIES})/seed[1-9]\d*",
    threads: cores_of_training("start")
    resources:
        **asks("start"),
    params:
        launcher=launcher("start"),


use rule train_start as pretrain_base with:
    """A base, from random weights: it learns the text of its pretraining set."""
    wildcard_constraints:
        trained=rf"base/(?:{PRETRAINED})/seed[1-9]\d*",


use rule train_policy as align_policy with:
    """A policy aligned on pairs: DPO, ORPO, or SFT on the chosen sides."""
    wildcard_constraints:
        trained=rf"{ITERATIONS}/(?:{one_of(preference_names())})",
    threads: cores_of_training("preference")
    resources:
        **asks("preference"),
    params:
        launcher=launcher("preference"),


use rule train_policy as train_critic with:
    """A critic: it learns the likelihood of the label of each case."""
    wildcard_constraints:
        trained=rf"critics/(?:{one_of(critic_names())})/seed[1-9]\d*",
    threads: cores_of_training("critic")
    resources:
        **asks("critic"),
    params:
        launcher=launcher("critic"),
