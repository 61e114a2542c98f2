"""Raw sources to decontaminated query sets, SFT pairs and benchmarks. CPU only; minutes, or an hour with the large SFT sets.

Reads the mirror folder or the network. Writes data/raw, data/queries, data/sft, data/benchmarks (shared by all runs) and
results/{run}/data.
"""


localrules:
    fetch_source,


def source_json(wildcards):
    return settings.dumps(CONFIG.sources.sources[wildcards.source])


def mirror_folder(wildcards):
    """Folder with source files and models for machines without internet: `--config mirror=FOLDER`."""
    return config.get("mirror", "data/mirror") or ""


def queries_json(wildcards):
    return settings.dumps(CONFIG.sources.queries[wildcards.dataset])


def benchmark_json(wildcards):
    return settings.dumps(CONFIG.sources.benchmarks[wildcards.benchmark])


def sft_json(wildcards):
    return settings.dumps(CONFIG.sources.sft[wildcards.dataset])


def data_json(wildcards):
    return settings.dumps(CONFIG.runs[wildcards.run].data)


def raw_of_queries(wildcards):
    return f"data/raw/{CONFIG.sources.queries[wildcards.dataset].source}"


def raw_of_benchmark(wildcards):
    return f"data/raw/{CONFIG.sources.benchmarks[wildcards.benchmark].source}"


def raw_of_sft(wildcards):
    return f"data/raw/{CONFIG.sources.sft[wildcards.dataset].source}"


def queries_of_run(wildcards):
    return [f"data/queries/{name}.parquet" for name in CONFIG.runs[wildcards.run].data.queries]


def sft_of_run(wildcards):
    return [f"data/sft/{name}.parquet" for name in CONFIG.runs[wildcards.run].data.sft]


def benchmarks_of_run(wildcards):
    return [f"data/benchmarks/{name}.parquet" for name in CONFIG.runs[wildcards.run].build.benchmarks]


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
        mem_mb=16000,
    params:
        settings=sft_json,
    shell:
        "python workflow_scripts/prepare_sft.py --raw {input.raw} --dataset {wildcards.dataset} --settings {params.settings:q}"
        " --workers {threads} --out {output.sft} > {log} 2>&1"


rule decontaminate:
    """The training sets of a run without what its benchmarks hold, and the count of what was found."""
    input:
        queries=queries_of_run,
        sft=sft_of_run,
        benchmarks=benchmarks_of_run,
    output:
        queries="results/{run}/data/queries.parquet",
        sft="results/{run}/data/sft.parquet",
        contamination="results/{run}/data/contamination.parquet",
        contaminated="results/{run}/data/contaminated_items.parquet",
    log:
        "logs/results/{run}/data/decontaminate.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=8000,
    params:
        settings=data_json,
    shell:
        "python workflow_scripts/decontaminate.py --queries {input.queries} --sft {input.sft} --benchmarks {input.benchmarks}"
        " --settings {params.settings:q} --out-queries {output.queries} --out-sft {output.sft}"
        " --out-contamination {output.contamination} --out-items {output.contaminated} > {log} 2>&1"
