"""Evaluate and judge several benchmarks in one job (`evaluate.together`): loading 7B weights takes longer than a small benchmark does.

These are the rules of evaluate.smk for all joined benchmarks of a run at once, made for each run that joins any. Paths are the same; asking
for a file of one benchmark makes those of the others.
"""

SIAM_ASKED = {"greedy": siam.MODE, "sampled": siam.SAMPLED}
"""Kinds of evaluation, and their modes."""
SIAM_JUDGED_BY = {"rules": (RULE_JUDGES, "judge", "analysis"), "critics": (CRITIC_JUDGES, "score", "train")}
"""Kinds of judges: their names, the stage whose resources they ask for, and their environment."""

for name, benchmarks in SIAM_TOGETHER.items():
    for kind, mode in SIAM_ASKED.items():
        samples, sampling = configuration.METHODS["siam"].evaluation(CONFIG.runs[name], mode)

        rule:
            """Responses of a policy to all joined benchmarks."""
            name:
                f"sample_{kind}_together_{name}"
            input:
                model="results/{run}/{policy}/model",
                queries=expand("data/benchmarks/{benchmark}.parquet", benchmark=benchmarks, allow_missing=True),
            output:
                expand(f"results/{{run}}/{{policy}}/eval/{mode}/{{benchmark}}/responses.parquet", benchmark=benchmarks, allow_missing=True),
            log:
                f"logs/results/{{run}}/{{policy}}/eval/{kind}/together.log",
            benchmark:
                f"logs/results/{{run}}/{{policy}}/eval/{kind}/together.timing.tsv"
            wildcard_constraints:
                run=name,
            conda:
                "../../envs/sample.yaml"
            threads: cores("evaluate")
            resources:
                **asks("evaluate"),
            params:
                python=engine_python,
                modes=[mode] * len(benchmarks),
                rows=benchmark_rows,
                samples=samples,
                seed=policy_seed,
                method=method_name,
                profile=prompt_profile,
                settings=sampling_settings(lambda run, sampling=sampling: sampling),
                shard="",
                checkpoints=f"checkpoints/{{run}}/{{policy}}/eval/{kind}/together",
            shell:
                SAMPLING

        for judges, (names, stage, environment) in SIAM_JUDGED_BY.items():

            rule:
                """Their grades by a judge."""
                name:
                    f"grade_{kind}_by_{judges}_together_{name}"
                input:
                    rollouts=expand(
                        f"results/{{run}}/{{policy}}/eval/{mode}/{{benchmark}}/responses.parquet", benchmark=benchmarks, allow_missing=True
                    ),
                    queries=expand("data/benchmarks/{benchmark}.parquet", benchmark=benchmarks, allow_missing=True),
                    critic=critic_of_judge,
                output:
                    expand(
                        f"results/{{run}}/{{policy}}/eval/{mode}/{{benchmark}}/{{judge}}/grades.parquet",
                        benchmark=benchmarks,
                        allow_missing=True,
                    ),
                log:
                    f"logs/results/{{run}}/{{policy}}/eval/{kind}/together/{{judge}}/grades.log",
                benchmark:
                    f"logs/results/{{run}}/{{policy}}/eval/{kind}/together/{{judge}}/grades.timing.tsv"
                wildcard_constraints:
                    run=name,
                    judge=names,
                group:
                    "grade" if judges == "rules" else "grade_by_critic"
                conda:
                    f"../../envs/{environment}.yaml"
                threads: cores(stage)
                resources:
                    **asks(stage),
                params:
                    method=method_name,
                    settings=grading("evaluation_grading"),
                    critic=critic_options("--critic-model"),
                    checkpoints=f"checkpoints/{{run}}/{{policy}}/eval/{kind}/together/{{judge}}",
                shell:
                    GRADING

    rule:
        """Accuracy and failures on each of them."""
        name:
            f"score_together_{name}"
        input:
            grades=expand("results/{run}/{policy}/eval/code/{benchmark}/{judge}/grades.parquet", benchmark=benchmarks, allow_missing=True),
            queries=expand("data/benchmarks/{benchmark}.parquet", benchmark=benchmarks, allow_missing=True),
            overlap=overlap_of(benchmarks),
        output:
            expand("results/{run}/{policy}/eval/code/{benchmark}/{judge}/scores.json", benchmark=benchmarks, allow_missing=True),
        log:
            "logs/results/{run}/{policy}/eval/greedy/together/{judge}/scores.log",
        wildcard_constraints:
            run=name,
        group:
            "grade"
        conda:
            "../../envs/analysis.yaml"
        resources:
            **asks("judge"),
        params:
            rows=benchmark_rows,
        shell:
            SCORING
