"""Select: accepted programs of a policy become what the next one learns from. CPU only; seconds.

Reads rollouts and grades of the policy before, and the seed set; writes accepted.parquet (what D_n, the data of round n, adds) and
training.parquet (all of D_n) of a start policy or a round. A seeded policy learns from the seed set alone, a base from scratch from its pretraining.
No group: training of a round reads what all rounds before selected, so one group would hold jobs before and after that training.
"""

ROUNDS = rf"start/(?:{one_of(CONFIG.families)})/seed[1-9]\d*|{ITERATIONS}"


rule select_programs:
    """Distinct programs that the judge of the round accepted."""
    input:
        rollouts=programs_before,
        grades=verdicts_before,
        queries=questions_before,
    output:
        "results/{run}/{selecting}/accepted.parquet",
    log:
        "logs/results/{run}/{selecting}/accepted.log",
    benchmark:
        "logs/results/{run}/{selecting}/accepted.timing.tsv"
    wildcard_constraints:
        run=runs_of("siam"),
        selecting=ROUNDS,
    conda:
        "../../envs/analysis.yaml"
    resources:
        **asks("estimate"),
    params:
        pool=pool_before,
        settings=select_settings,
        seed=lambda wildcards: selecting(wildcards).seed,
    shell:
        "exec python workflow_scripts/select_programs.py --rollouts {input.rollouts:q} --grades {input.grades:q} --queries {input.queries:q}"
        " --pool {params.pool} --settings {params.settings:q} --seed {params.seed} --out {output:q} > {log:q} 2>&1"


rule demonstrate_programs:
    """Questions with their programs, as they are shown to the base."""
    input:
        sft=seed_set,
        accepted=selected_programs,
        model=tokenizer_before,
    output:
        "results/{run}/{demonstrated}/training.parquet",
    log:
        "logs/results/{run}/{demonstrated}/training.log",
    benchmark:
        "logs/results/{run}/{demonstrated}/training.timing.tsv"
    wildcard_constraints:
        run=runs_of("siam"),
        demonstrated=rf"base/(?:{PRETRAINED})/seed[1-9]\d*|seeded/(?:{one_of(CONFIG.families)})/seed[1-9]\d*|{ROUNDS}",
    conda:
        "../../envs/train.yaml"
    resources:
        **asks("estimate"),
    params:
        profile=lambda wildcards: CONFIG.families[paths.Policy.parse(wildcards.demonstrated).family].prompt,
        accepted=flag("accepted"),
        balance=balance,
    shell:
        "exec python workflow_scripts/demonstrate_programs.py --sft {input.sft:q} {params.accepted} --model {input.model:q}"
        " --profile {params.profile:q} --balance {params.balance} --out {output:q} > {log:q} 2>&1"
