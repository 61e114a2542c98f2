"""What training starts from: the base model of a family, and the demonstrations that its start policy learns from.

Reads base models and the decontaminated SFT pairs of the run; writes results/{run}/base/ and, of results/{run}/start/, the training
table, or the whole policy where a family is used as it is. The start policy itself is trained by `train_policy` (train.smk). CPU jobs.
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


def method_of_run(wildcards):
    return CONFIG.runs[wildcards.run].method


def families_by(precondition):
    """Families that are pre-conditioned so, as a regular expression."""
    return one_of([name for name, family in CONFIG.families.items() if family.precondition == precondition])


def scratch_text(wildcards):
    """The SFT pairs that a tokenizer from scratch learns from; nothing for a family with a base model."""
    return f"results/{wildcards.run}/data/sft.parquet" if CONFIG.families[wildcards.family].scratch else []


rule build_base:
    """The base model as a policy: links to its files, or a Llama and a tokenizer from scratch."""
    input:
        model=base_model,
        sft=scratch_text,
    output:
        model=directory("results/{run}/base/{family}/seed{seed}/model"),
    log:
        "logs/results/{run}/base/{family}/seed{seed}/model.log",
    conda:
        "../envs/train.yaml"
    resources:
        mem_mb=memory_mb_of(LINKING),
        runtime=walltime_of(LINKING),
    params:
        family=family_json,
        method=method_of_run,
        model=flag("--model", "model"),
        sft=flag("--sft", "sft"),
        more="",
    shell:
        "python workflow_scripts/build_base.py {params.model} {params.sft} --out-model {output.model:q} {params.more}"
        " --method {params.method} --family {params.family:q} --seed {wildcards.seed} > {log:q} 2>&1"


use rule build_base as start_from_base with:
    output:
        model=directory("results/{run}/start/{family}/seed{seed}/model"),
        training_log="results/{run}/start/{family}/seed{seed}/training_log.parquet",
        settings="results/{run}/start/{family}/seed{seed}/settings.json",
        provenance="results/{run}/start/{family}/seed{seed}/provenance.json",
    log:
        "logs/results/{run}/start/{family}/seed{seed}/model.log",
    wildcard_constraints:
        family=families_by("none"),
    params:
        family=family_json,
        method=method_of_run,
        model=flag("--model", "model"),
        sft=flag("--sft", "sft"),
        more=lambda wildcards, output: (
            f"--out-log {output.training_log} --out-settings {output.settings} --out-provenance {output.provenance}"
        ),


rule demonstrate_solutions:
    """CoT and code solutions under native and dictated prompts: what a start policy learns from."""
    input:
        sft="results/{run}/data/sft.parquet",
        model="results/{run}/base/{family}/seed{seed}/model",
    output:
        "results/{run}/start/{family}/seed{seed}/training.parquet",
    log:
        "logs/results/{run}/start/{family}/seed{seed}/training.log",
    wildcard_constraints:
        family=families_by("sft"),
    conda:
        "../envs/train.yaml"
    resources:
        mem_mb=growing(16000),
    params:
        profile=family_profile,
        settings=section("start"),
    shell:
        "python workflow_scripts/demonstrate_solutions.py --sft {input.sft:q} --model {input.model:q} --profile {params.profile}"
        " --seed {wildcards.seed} --settings {params.settings:q} --out {output:q} > {log:q} 2>&1"
