"""Synthesize: complete responses and their whitened advantages, what an iteration trains on. CPU only; minutes.

Reads rollouts and grades of the policy before the iteration, in all modes of the experiment, that policy's tokenizer, the run's
queries and the iteration's reference strategy; writes training.parquet.
"""


rule synthesize_responses:
    """Self-exploratory and self-reflective responses of an iteration."""
    input:
        rollouts=rollouts_before,
        grades=grades_before,
        strategy="results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/reference_strategy.parquet",
        queries="results/{run}/data/queries.parquet",
        model=model_before,
        demonstrations=demonstrations_to_rehearse,
    output:
        "results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/training.parquet",
    log:
        "logs/results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/training.log",
    benchmark:
        "logs/results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/training.timing.tsv"
    wildcard_constraints:
        run=runs_of("autocode"),
    group:
        "estimate"
    conda:
        "../../envs/train.yaml"
    resources:
        **asks("estimate"),
    params:
        profile=prompt_profile,
        settings=with_methodologies("synthesize"),
    shell:
        "exec python workflow_scripts/synthesize_responses.py --rollouts {input.rollouts:q} --grades {input.grades:q}"
        " --strategy {input.strategy:q} --queries {input.queries:q} --model {input.model:q}"
        " --demonstrations {input.demonstrations:q} --profile {params.profile:q}"
        " --iteration {wildcards.iteration} --seed {wildcards.seed} --settings {params.settings:q} --out {output:q} > {log:q} 2>&1"
