"""Synthesize: complete responses and their whitened advantages.

Reads rollouts and grades of the policy before the iteration and its reference strategy; writes training.parquet. CPU, minutes.
"""


rule synthesize_responses:
    """Self-exploratory and self-reflective responses of an iteration."""
    input:
        rollouts=previous_rollouts,
        grades=previous_grades,
        strategy="results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/reference_strategy.parquet",
        queries="results/{run}/data/queries.parquet",
        model=previous_model,
    output:
        "results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/training.parquet",
    log:
        "logs/results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/training.log",
    benchmark:
        "logs/results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/training.timing.tsv"
    group:
        "estimate"
    conda:
        "../envs/train.yaml"
    resources:
        mem_mb=growing(16000),  # some 0.07 GB for 1,000 rollouts of 500 tokens
    params:
        profile=family_profile,
        settings=section("synthesize"),
    shell:
        "python workflow_scripts/synthesize_responses.py --rollouts {input.rollouts:q} --grades {input.grades:q}"
        " --strategy {input.strategy:q} --queries {input.queries:q} --model {input.model:q} --profile {params.profile}"
        " --iteration {wildcards.iteration} --seed {wildcards.seed} --settings {params.settings:q} --out {output:q} > {log:q} 2>&1"
