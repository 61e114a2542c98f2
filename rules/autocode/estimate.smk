"""Estimate: prior, Q-values and reference strategy of an iteration (E-step). CPU only; seconds.

Reads the grades of the policy before the iteration, in all modes of the experiment; writes q_values.parquet and
reference_strategy.parquet.
"""


rule estimate_strategy:
    """Prior (Eq. 7), Q-values (Eq. 8), reference strategy and labels."""
    input:
        grades=grades_before,
    output:
        q_values="results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/q_values.parquet",
        strategy="results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/reference_strategy.parquet",
    log:
        "logs/results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/reference_strategy.log",
    benchmark:
        "logs/results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/reference_strategy.timing.tsv"
    wildcard_constraints:
        run=runs_of("autocode"),
    group:
        "estimate"
    conda:
        "../../envs/analysis.yaml"
    resources:
        **asks("estimate"),
    params:
        settings=section("estimate"),
    shell:
        "exec python workflow_scripts/estimate_strategy.py --grades {input.grades:q} --out-q-values {output.q_values:q}"
        " --out-strategy {output.strategy:q} --settings {params.settings:q} --seed {wildcards.seed} > {log:q} 2>&1"
