"""M-step: behaviour log-probabilities by teacher forcing, then off-policy RL.

Reads dataset.parquet and the policy before the iteration; writes logprobs.parquet and the iteration's policy. GPU jobs.
"""


rule score_behavior:
    """Log-probabilities of the synthesized responses under the frozen policy and the native prompt."""
    input:
        dataset="results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/dataset.parquet",
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
        "exec python workflow_scripts/score_behavior.py --dataset {input.dataset:q} --model {input.model:q} --out {output:q}"
        " --micro-batch-tokens {params.tokens} --threads {params.threads} --dtype {params.dtype} > {log:q} 2>&1"


rule train_policy:
    """Off-policy RL: the policy of the next iteration."""
    input:
        dataset="results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/dataset.parquet",
        logprobs="results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/logprobs.parquet",
        model=previous_model,
    output:
        model=directory("results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/model"),
        training_log="results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/training_log.parquet",
        settings="results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/settings.json",
        provenance="results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/provenance.json",
    log:
        "logs/results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/model.log",
    benchmark:
        "logs/results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/model.timing.tsv"
    conda:
        "../envs/train.yaml"
    threads: cpus
    resources:
        gpu=all_gpus,
        mem_mb=memory_mb,
        runtime=walltime,
        nodes=nodes,
        mpi=for_several_nodes(lambda hardware: "srun"),
        tasks=for_several_nodes(lambda hardware: hardware.nodes),
        tasks_per_gpu=for_several_nodes(lambda hardware: 0),
        gres=for_several_nodes(lambda hardware: f"gpu:{hardware.gpus}" if hardware.gpus else None),
    params:
        launcher=launcher,
        family=family_json,
        settings=section("train"),
        checkpoints="checkpoints/{run}/{experiment}/{family}/seed{seed}/iter{iteration}",
    shell:
        "exec {params.launcher} workflow_scripts/train_policy.py --dataset {input.dataset:q} --logprobs {input.logprobs:q}"
        " --model {input.model:q} --out-model {output.model:q} --out-log {output.training_log:q}"
        " --out-settings {output.settings:q} --out-provenance {output.provenance:q} --family {params.family:q}"
        " --settings {params.settings:q} --iteration {wildcards.iteration} --seed {wildcards.seed}"
        " --checkpoints {params.checkpoints:q} > {log:q} 2>&1"
