"""Base models: fetched, or built from scratch by a run; and start policies that are a base model as it is.

Reads the mirror folder, the hub, or the run's SFT pairs (whose text a tokenizer from scratch learns). Writes data/models/{family} and
results/{run}/base/{family}/seed{seed}/model, and for a family without SFT results/{run}/start/{family}/seed{seed}/model, the same links.
What is to be pretrained stands in scratch/ instead of base/ (train.smk trains it). CPU only; minutes.
"""


localrules:
    fetch_model,


rule fetch_model:
    """The base model of a family, from a local folder or the hub."""
    input:
        refuse_missing_model,
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
        "exec python workflow_scripts/fetch_model.py --name {wildcards.family} {params.origin} --mirror={params.mirror:q}"
        " --out {output:q} > {log:q} 2>&1"


rule build_base:
    """The base model as a policy: links to its files, or a Llama and a tokenizer from scratch."""
    input:
        model=fetched_model,
        sft=text_to_tokenize,
    output:
        directory("results/{run}/base/{family}/seed{seed}/model"),
    log:
        "logs/results/{run}/base/{family}/seed{seed}/model.log",
    wildcard_constraints:
        family=one_of(name for name, family in CONFIG.families.items() if not family.pretrained),
    conda:
        "../envs/train.yaml"
    resources:
        **asks("estimate"),
    params:
        family=built_family,
        method=method_name,
        model=flag("model"),
        sft=flag("sft"),
        critic=judges_cases,
    shell:
        "exec python workflow_scripts/build_base.py {params.model} {params.sft} {params.critic} --out-model {output:q} --method {params.method}"
        " --family {params.family:q} --seed {wildcards.seed} > {log:q} 2>&1"


use rule build_base as build_scratch with:
    """A base with random weights, which `pretrain_base` trains."""
    output:
        directory("results/{run}/scratch/{family}/seed{seed}/model"),
    log:
        "logs/results/{run}/scratch/{family}/seed{seed}/model.log",
    wildcard_constraints:
        family=PRETRAINED,


rule adopt_base:
    """The start policy of a family that is used as it is: its base."""
    input:
        model="results/{run}/base/{family}/seed{seed}/model",
    output:
        directory("results/{run}/start/{family}/seed{seed}/model"),
    log:
        "logs/results/{run}/start/{family}/seed{seed}/model.log",
    wildcard_constraints:
        family=one_of(name for name, family in CONFIG.families.items() if family.precondition == "none"),
    conda:
        "../envs/train.yaml"
    resources:
        **asks("estimate"),
    params:
        family=built_family,
        method=method_name,
    shell:
        "exec python workflow_scripts/build_base.py --model {input.model:q} --out-model {output:q} --method {params.method}"
        " --family {params.family:q} --seed {wildcards.seed} > {log:q} 2>&1"
