"""Raw sources to decontaminated query sets, SFT pairs and benchmarks. CPU only; minutes, or an hour with the large SFT sets.

Reads the mirror folder or the network. Writes data/raw, data/queries, data/sft, data/benchmarks (shared by all runs) and
results/{run}/data.
"""


localrules:
    fetch_source,


rule fetch_source:
    """One raw source with its checksums, from the mirror folder, its public address, the hub, or the generator."""
    output:
        directory("data/raw/{source}"),
    log:
        "logs/data/raw/{source}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        source=source_json,
        mirror=mirror_folder,
    shell:
        "python workflow_scripts/fetch_source.py --name {wildcards.source} --source {params.source:q} --mirror={params.mirror:q}"
        " --out {output} > {log} 2>&1"


rule prepare_queries:
    """A training set of queries with reference answers."""
    input:
        raw=raw_of_queries,
    output:
        queries="data/queries/{dataset}.parquet",
    log:
        "logs/data/queries/{dataset}.log",
    wildcard_constraints:
        dataset=one_of(CONFIG.sources.queries),
    conda:
        "../envs/analysis.yaml"
    params:
        settings=queries_json,
    shell:
        "python workflow_scripts/prepare_queries.py --raw {input.raw} --dataset {wildcards.dataset} --kind training"
        " --settings {params.settings:q} --out {output.queries} > {log} 2>&1"


rule prepare_benchmark:
    """A benchmark, every item of it."""
    input:
        raw=raw_of_benchmark,
    output:
        benchmark="data/benchmarks/{benchmark}.parquet",
    log:
        "logs/data/benchmarks/{benchmark}.log",
    conda:
        "../envs/analysis.yaml"
    params:
        settings=benchmark_json,
    shell:
        "python workflow_scripts/prepare_queries.py --raw {input.raw} --dataset {wildcards.benchmark} --kind benchmark"
        " --settings {params.settings:q} --out {output.benchmark} > {log} 2>&1"


rule prepare_sft:
    """SFT pairs of one source; its programs are executed, and must print the reference answer."""
    input:
        raw=raw_of_sft,
    output:
        sft="data/sft/{dataset}.parquet",
    log:
        "logs/data/sft/{dataset}.log",
    wildcard_constraints:
        dataset=one_of(CONFIG.sources.sft),
    conda:
        "../envs/analysis.yaml"
    threads: 8
    resources:
        mem_mb=growing(16000),
        runtime=growing(240),  # each program of the large sets is executed: an hour and more
    params:
        settings=sft_json,
        interpreter=sft_interpreter_json,
    shell:
        "python workflow_scripts/prepare_sft.py --raw {input.raw} --dataset {wildcards.dataset} --settings {params.settings:q}"
        " --interpreter {params.interpreter:q} --workers {threads} --out {output.sft} > {log} 2>&1"


rule decontaminate:
    """The training sets of a run without what its benchmarks hold, and the count of what was found."""
    input:
        training=training_sets,
        benchmarks=benchmarks_of_run,
    output:
        training="results/{run}/data/{use}.parquet",
        contamination="results/{run}/data/{use}_contamination.parquet",
        contaminated="results/{run}/data/{use}_contaminated_items.parquet",
    log:
        "logs/results/{run}/data/{use}.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=growing(8000),
    params:
        overlap=overlap_options,
    shell:
        "python workflow_scripts/decontaminate.py --use {wildcards.use} --training {input.training} --benchmarks {input.benchmarks}"
        " {params.overlap} --out {output.training} --out-contamination {output.contamination}"
        " --out-items {output.contaminated} > {log} 2>&1"
