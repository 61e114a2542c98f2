"""Estimate: prior, Q-values and reference strategy of an iteration (E-step).

Reads the grades of the policy before the iteration; writes q_values.parquet and reference_strategy.parquet. Seconds on a CPU.
"""


rule estimate_strategy:
    """Prior (Eq. 7), Q-values (Eq. 8), reference strategy and labels."""
    input:
        grades=previous_grades,
    output:
        q_values="results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/q_values.parquet",
        strategy="results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/reference_strategy.parquet",
    log:
        "logs/results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/reference_strategy.log",
    benchmark:
        "logs/results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/reference_strategy.timing.tsv"
    group:
        "estimate"
    conda:
        "../envs/analysis.yaml"
    params:
        settings=section("estimate"),
    shell:
        "python workflow_scripts/estimate_strategy.py --grades {input.grades:q} --out-q-values {output.q_values:q}"
        " --out-strategy {output.strategy:q} --settings {params.settings:q} --seed {wildcards.seed} > {log:q} 2>&1"
