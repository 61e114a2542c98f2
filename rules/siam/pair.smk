"""Pair: an accepted and a refused program of a question, for preference alignment. CPU only; seconds.

Reads rollouts and grades of the policy that is to be aligned, on a pool of its own; writes {preference}/training.parquet below it.
"""


rule pair_programs:
    """Pairs for a preference loss; for the control, the chosen programs alone."""
    input:
        rollouts=programs_of_pairs,
        grades=verdicts_of_pairs,
        queries=questions_of_pairs,
        model="results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/model",
    output:
        "results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/{preference}/training.parquet",
    log:
        "logs/results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/{preference}/training.log",
    benchmark:
        "logs/results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/{preference}/training.timing.tsv"
    wildcard_constraints:
        run=runs_of("siam"),
    conda:
        "../../envs/train.yaml"
    resources:
        **asks("estimate"),
    params:
        pool=lambda wildcards: pair_settings(wildcards).pair.pool,
        settings=lambda wildcards: settings.dumps(pair_settings(wildcards).pair),
        loss=lambda wildcards: pair_settings(wildcards).align.loss,
        max_tokens=lambda wildcards: pair_settings(wildcards).align.optimizer.max_tokens,
    shell:
        "exec python workflow_scripts/pair_programs.py --rollouts {input.rollouts:q} --grades {input.grades:q} --queries {input.queries:q}"
        " --pool {params.pool} --model {input.model:q} --settings {params.settings:q} --loss {params.loss} --seed {wildcards.seed}"
        " --max-tokens {params.max_tokens} --out {output:q} > {log:q} 2>&1"
