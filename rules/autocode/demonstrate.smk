"""Demonstrate: CoT and code solutions under native and dictated prompts, what a start policy learns from (Code4Math SFT).

Reads the cleaned SFT pairs of the run and the base policy, for its tokenizer; writes start/.../training.parquet. CPU only; minutes.
"""


rule demonstrate_solutions:
    """Every SFT pair as it is shown to the base policy of a family."""
    input:
        sft="results/{run}/data/sft.parquet",
        model="results/{run}/base/{family}/seed{seed}/model",
    output:
        "results/{run}/start/{family}/seed{seed}/training.parquet",
    log:
        "logs/results/{run}/start/{family}/seed{seed}/training.log",
    wildcard_constraints:
        run=runs_of("autocode"),
        family=SFT_FAMILIES,
    conda:
        "../../envs/train.yaml"
    resources:
        **asks("estimate"),
    params:
        profile=prompt_profile,
        settings=with_methodologies("start", "optimizer"),
    shell:
        "exec python workflow_scripts/demonstrate_solutions.py --sft {input.sft:q} --model {input.model:q} --profile {params.profile:q}"
        " --seed {wildcards.seed} --settings {params.settings:q} --out {output:q} > {log:q} 2>&1"
