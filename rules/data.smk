"""Raw sources to query sets, SFT pairs and benchmarks, shared by all runs; then a run's own: cleaned, and compared with benchmarks.

Reads the mirror folder or the network. Writes data/raw, data/queries, data/sft, data/benchmarks, data/cases and results/{run}/data. {use} is
queries, sft or pretraining; `training_sets` are the run's tables for it, `guard` the benchmarks it is cleaned of. CPU only; minutes, or an hour with
the large SFT sets.
"""


localrules:
    fetch_source,


rule fetch_source:
    """One raw source with its checksums, from the mirror folder, its public address, the hub, or the generator."""
    input:
        own_files,
    output:
        directory("data/raw/{source}"),
    log:
        "logs/data/raw/{source}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        source=lambda wildcards: settings.dumps(CONFIG.sources.sources[wildcards.source]),
        mirror=mirror_folder,
    shell:
        "exec python workflow_scripts/fetch_source.py --name {wildcards.source} --source {params.source:q} --mirror={params.mirror:q}"
        " --out {output} > {log} 2>&1"


rule prepare_queries:
    """A training set of queries with reference answers."""
    input:
        raw=raw_of(lambda wildcards: CONFIG.sources.queries[wildcards.dataset]),
    output:
        queries="data/queries/{dataset}.parquet",
    log:
        "logs/data/queries/{dataset}.log",
    wildcard_constraints:
        dataset=one_of(CONFIG.sources.queries),
    conda:
        "../envs/analysis.yaml"
    resources:
        **light(),
    params:
        settings=lambda wildcards: settings.dumps(CONFIG.sources.queries[wildcards.dataset]),
    shell:
        "exec python workflow_scripts/prepare_queries.py --raw {input.raw} --dataset {wildcards.dataset} --kind training"
        " --settings {params.settings:q} --out {output.queries} > {log} 2>&1"


rule prepare_benchmark:
    """A benchmark, every item of it."""
    input:
        raw=raw_of(lambda wildcards: CONFIG.sources.benchmarks[wildcards.benchmark]),
    output:
        benchmark="data/benchmarks/{benchmark}.parquet",
    log:
        "logs/data/benchmarks/{benchmark}.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        **light(),
    params:
        settings=lambda wildcards: settings.dumps(CONFIG.sources.benchmarks[wildcards.benchmark]),
    shell:
        "exec python workflow_scripts/prepare_queries.py --raw {input.raw} --dataset {wildcards.benchmark} --kind benchmark"
        " --settings {params.settings:q} --out {output.benchmark} > {log} 2>&1"


rule prepare_sft:
    """SFT pairs of one source; its programs are executed, and must print the reference answer."""
    input:
        raw=raw_of(lambda wildcards: CONFIG.sources.sft[wildcards.dataset]),
    output:
        sft="data/sft/{dataset}.parquet",
    log:
        "logs/data/sft/{dataset}.log",
    wildcard_constraints:
        dataset=one_of(CONFIG.sources.sft),
    conda:
        "../envs/analysis.yaml"
    threads: half_of_the_cores(8)
    resources:
        **light(memory_gb=16, hours=4),  # each program of the large sets is executed: an hour and more
    params:
        settings=lambda wildcards: settings.dumps(CONFIG.sources.sft[wildcards.dataset]),
        interpreter=lambda wildcards: told(CONFIG.sources.interpreter),
    shell:
        "exec python workflow_scripts/prepare_sft.py --raw {input.raw} --dataset {wildcards.dataset} --settings {params.settings:q}"
        " --interpreter {params.interpreter:q} --workers {threads} --out {output.sft} > {log} 2>&1"


rule prepare_cases:
    """Cases whose labels came with public data, to measure judges on."""
    input:
        raw=raw_of(lambda wildcards: CONFIG.sources.cases[wildcards.dataset]),
    output:
        cases="data/cases/{dataset}.parquet",
    log:
        "logs/data/cases/{dataset}.log",
    wildcard_constraints:
        dataset=one_of(CONFIG.sources.cases),
    conda:
        "../envs/analysis.yaml"
    resources:
        **light(),
    params:
        settings=lambda wildcards: settings.dumps(CONFIG.sources.cases[wildcards.dataset]),
    shell:
        "exec python workflow_scripts/prepare_cases.py --raw {input.raw} --dataset {wildcards.dataset} --settings {params.settings:q}"
        " --out {output.cases} > {log} 2>&1"


rule decontaminate:
    """The training sets of a run, joined, without what the benchmarks of its guard hold."""
    input:
        training=training_sets,
        guard=guard,
        apart=kept_apart,
    output:
        "results/{run}/data/{use}.parquet",
    log:
        "logs/results/{run}/data/{use}.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        **asks("data"),
    params:
        ngram=lambda wildcards: CONFIG.runs[wildcards.run].data.ngram,
        removes=lambda wildcards: CONFIG.runs[wildcards.run].data.remove,
        rows=rows_kept,
        apart=flag("apart"),
    shell:
        "exec python workflow_scripts/decontaminate.py --use {wildcards.use} --training {input.training} --benchmarks {input.guard}"
        " --ngram {params.ngram} --remove {params.removes} {params.apart} {params.rows} --out {output} > {log} 2>&1"


rule divide_pools:
    """A pool of queries: a part of some datasets, disjoint from the pools before it, without what the benchmarks of the guard hold."""
    input:
        datasets=datasets_of_pools,
        guard=guard,
    output:
        "results/{run}/data/{pool}.parquet",
    log:
        "logs/results/{run}/data/{pool}.log",
    wildcard_constraints:
        run=one_of(name for name, run in CONFIG.runs.items() if run.data.pools),
        pool=one_of(settings.POOLS),
    conda:
        "../envs/analysis.yaml"
    resources:
        **asks("data"),
    params:
        pools=lambda wildcards: settings.dumps(pools_before(wildcards)),
        ngram=lambda wildcards: CONFIG.runs[wildcards.run].data.ngram,
        removes=lambda wildcards: CONFIG.runs[wildcards.run].data.remove,
    shell:
        "exec python workflow_scripts/divide_pools.py --pool {wildcards.pool} --pools {params.pools:q} --queries {input.datasets}"
        " --benchmarks {input.guard} --ngram {params.ngram} --remove {params.removes} --out {output} > {log} 2>&1"


rule measure_overlap:
    """What of a benchmark the training sets of a run held before anything was removed: for one in the guard as for any other."""
    input:
        training=all_sets,
        benchmark="data/benchmarks/{benchmark}.parquet",
    output:
        found="results/{run}/data/overlap/{use}/{benchmark}/items.parquet",
        counts="results/{run}/data/overlap/{use}/{benchmark}/counts.parquet",
    log:
        "logs/results/{run}/data/overlap/{use}/{benchmark}.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        **asks("data"),
    params:
        ngram=lambda wildcards: CONFIG.runs[wildcards.run].data.ngram,
        removes=removes,
    shell:
        "exec python workflow_scripts/measure_overlap.py --use {wildcards.use} --training {input.training} --benchmark {input.benchmark}"
        " --ngram {params.ngram} --remove {params.removes} --out-items {output.found} --out-counts {output.counts} > {log} 2>&1"
