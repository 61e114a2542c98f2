"""Evaluate and judge several benchmarks in one job (`evaluate.together`): loading 7B weights takes longer than a small benchmark does.

These are the rules of evaluate.smk for all joined benchmarks of a run at once, made for each run that joins any. Paths are the same; asking
for a file of one benchmark makes those of the others.
"""

SIAM_ASKED = {
    "greedy": ("code", lambda run: 1, lambda run: run.evaluate.sampling),
    "sampled": ("code_sampled", lambda run: run.evaluate.samples, lambda run: run.evaluate.sampled),
}
"""Kinds of evaluation: the mode, how many responses an item gets, and how they are sampled."""
SIAM_JUDGED_BY = {"rules": (RULE_JUDGES, "judge", "analysis"), "critics": (CRITIC_JUDGES, "score", "train")}
"""Kinds of judges: their names, the stage whose resources they ask for, and their environment."""

for name, benchmarks in SIAM_TOGETHER.items():
    for kind, (mode, samples, sampling) in SIAM_ASKED.items():

        rule:
            """Responses of a policy to all joined benchmarks."""
            name:
                f"sample_{kind}_together_{name}"
            input:
                model="results/{run}/{policy}/model",
                queries=on_each(benchmarks, "data/benchmarks/{benchmark}.parquet"),
            output:
                on_each(benchmarks, f"results/{{run}}/{{policy}}/eval/{mode}/{{benchmark}}/responses.parquet"),
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
                samples=samples(CONFIG.runs[name]),
                seed=policy_seed,
                method=method_name,
                profile=prompt_profile,
                settings=sampling_settings(sampling),
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
                    rollouts=on_each(benchmarks, f"results/{{run}}/{{policy}}/eval/{mode}/{{benchmark}}/responses.parquet"),
                    queries=on_each(benchmarks, "data/benchmarks/{benchmark}.parquet"),
                    critic=critic_of_judge,
                output:
                    on_each(benchmarks, f"results/{{run}}/{{policy}}/eval/{mode}/{{benchmark}}/{{judge}}/grades.parquet"),
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
                    settings=section("evaluation_grading"),
                    critic=critic_options("--critic-model"),
                    checkpoints=f"checkpoints/{{run}}/{{policy}}/eval/{kind}/together/{{judge}}",
                shell:
                    GRADING

    rule:
        """Accuracy and failures on each of them."""
        name:
            f"score_together_{name}"
        input:
            grades=on_each(benchmarks, "results/{run}/{policy}/eval/code/{benchmark}/{judge}/grades.parquet"),
            queries=on_each(benchmarks, "data/benchmarks/{benchmark}.parquet"),
            overlap=overlap_of(benchmarks),
        output:
            on_each(benchmarks, "results/{run}/{policy}/eval/code/{benchmark}/{judge}/scores.json"),
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
