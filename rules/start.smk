"""Start policies: base model -> Code4Math SFT -> the policy iteration 1 starts from.

Reads the decontaminated SFT pairs of the run; writes results/{run}/start/{family}/seed{seed}/. GPU job unless the family
is tiny or used as it is.
"""


localrules:
    fetch_model,


rule fetch_model:
    """The base model of a family, from a local folder or the hub."""
    output:
        directory("data/models/{family}"),
    log:
        "logs/data/models/{family}.log",
    conda:
        "../envs/train.yaml"
    params:
        origin=model_origin,
        mirror=mirror_folder,
    shell:
        "python workflow_scripts/fetch_model.py --name {wildcards.family} {params.origin} --mirror={params.mirror:q}"
        " --out {output:q} > {log:q} 2>&1"


rule start_policy:
    """Code4Math SFT, or the base model as it is."""
    input:
        base=base_model,
        sft=sft_pairs,
    output:
        model=directory("results/{run}/start/{family}/seed{seed}/model"),
        training_log="results/{run}/start/{family}/seed{seed}/training_log.parquet",
        settings="results/{run}/start/{family}/seed{seed}/settings.json",
        provenance="results/{run}/start/{family}/seed{seed}/provenance.json",
    log:
        "logs/results/{run}/start/{family}/seed{seed}/model.log",
    benchmark:
        "logs/results/{run}/start/{family}/seed{seed}/model.timing.tsv"
    conda:
        "../envs/train.yaml"
    threads: start_cpus
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
        settings=section("start"),
        base=flag("--base", "base"),
        sft=flag("--sft", "sft"),
        checkpoints="checkpoints/{run}/start/{family}/seed{seed}",
    shell:
        "exec {params.launcher} workflow_scripts/start_policy.py {params.base} {params.sft}"
        " --out-model {output.model:q} --out-log {output.training_log:q} --out-settings {output.settings:q}"
        " --out-provenance {output.provenance:q} --family {params.family:q} --settings {params.settings:q}"
        " --seed {wildcards.seed} --checkpoints {params.checkpoints:q} > {log:q} 2>&1"
