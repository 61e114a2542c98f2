"""Functions of wildcards: settings of a run, the policy before an iteration, inputs of a stage, what a run ends with."""

import json
import math
import shlex

EVAL_MODES = ["auto", "cot", "code"]
SELECTION_MODES = ["cot_sampled", "code_sampled"]
LINKING = settings.Hardware(gpus=0, cpus=1, memory_gb=8, hours=1)
PATIENTLY = "env TORCH_ELASTIC_SHUTDOWN_TIMEOUT=1800"
"""Torch's launcher kills its processes 30 s after SIGTERM; the checkpoint of a 7B model takes minutes."""


def one_of(names):
    """Regular expression that matches exactly the given names: a typo in a target is refused."""
    return "|".join(sorted(names)) or "(?!)"


def experiment_names():
    return sorted({name for run in CONFIG.runs.values() for name in run.experiments})


def policy_pattern():
    families, experiments = one_of(CONFIG.families), one_of(experiment_names())
    return rf"start/(?:{families})/seed[1-9]\d*|(?:{experiments})/(?:{families})/seed[1-9]\d*/iter[1-9]\d?"


def run_of(wildcards):
    """Settings of the run, with the experiment's over them where the path names one."""
    run = CONFIG.runs[wildcards.run]
    return run.of(wildcards.experiment) if "experiment" in wildcards.keys() else run


def section(name):
    """Params function: one settings section as a JSON argument, so that a rule reruns for what it reads alone."""

    def as_json(wildcards):
        return settings.dumps(getattr(run_of(wildcards), name))

    return as_json


def policy_family(wildcards):
    """Name of the family of a policy path."""
    return wildcards.policy.split("/")[1]


def policy_seed(wildcards):
    _, _, seed, *_ = wildcards.policy.split("/")
    return seed.removeprefix("seed")


def method_name(wildcards):
    return CONFIG.runs[wildcards.run].method


def policy_profile(wildcards):
    """Prompt profile of the policy's family."""
    return CONFIG.families[policy_family(wildcards)].prompt


def query_slice(wildcards):
    """The slice of the queries that a policy explores: the first for the start policy, the n + 1st for iter{n}."""
    *_, last = wildcards.policy.split("/")
    fresh = CONFIG.runs[wildcards.run].explore.fresh_queries
    return int(last.removeprefix("iter")) + 1 if fresh and last.startswith("iter") else 1


def queries_per_iteration(wildcards):
    return CONFIG.runs[wildcards.run].explore.queries_per_iteration


def family_json(wildcards):
    """How the family is made and trained; its labels, and how its programs run, do not train anything again."""
    family = CONFIG.families[wildcards.family]
    return settings.dumps(family.model_copy(update={"label": "", "published": {}, "blocks": "replay"}))


def model_origin(wildcards):
    """Options that say where the base model of a family is from."""
    origin = CONFIG.families[wildcards.family].model_dump(include={"hub", "revision", "path"}, exclude_none=True)
    return " ".join(f"--{name} {shlex.quote(value)}" for name, value in origin.items())


def family_profile(wildcards):
    return CONFIG.families[wildcards.family].prompt


def previous_policy(wildcards):
    """Path of the policy that an iteration explores and trains on: the only place that knows the order."""
    iteration = int(wildcards.iteration)
    if iteration == 1:
        return f"results/{wildcards.run}/start/{wildcards.family}/seed{wildcards.seed}"
    return f"results/{wildcards.run}/{wildcards.experiment}/{wildcards.family}/seed{wildcards.seed}/iter{iteration - 1}"


def previous_model(wildcards):
    return f"{previous_policy(wildcards)}/model"


def previous_rollouts(wildcards):
    return [f"{previous_policy(wildcards)}/explore/{mode}/rollouts.parquet" for mode in run_of(wildcards).explore.modes]


def previous_grades(wildcards):
    return [f"{previous_policy(wildcards)}/explore/{mode}/grades.parquet" for mode in run_of(wildcards).explore.modes]


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


def sft_interpreter_json(wildcards):
    return settings.dumps(CONFIG.sources.interpreter)


def overlap_options(wildcards):
    """What counts as overlap, what it removes, and how many SFT pairs are drawn of the rest."""
    data = CONFIG.runs[wildcards.run].data
    rows = f" --rows {data.sft_rows}" if wildcards.use == "sft" and data.sft_rows else ""
    return f"--ngram {data.ngram} --remove {data.remove}{rows}"


def raw_of_queries(wildcards):
    return f"data/raw/{CONFIG.sources.queries[wildcards.dataset].source}"


def raw_of_benchmark(wildcards):
    return f"data/raw/{CONFIG.sources.benchmarks[wildcards.benchmark].source}"


def raw_of_sft(wildcards):
    return f"data/raw/{CONFIG.sources.sft[wildcards.dataset].source}"


def training_sets(wildcards):
    """The run's training sets for a use: queries for exploration and RL, or SFT pairs."""
    names = getattr(CONFIG.runs[wildcards.run].data, wildcards.use)
    return [f"data/{wildcards.use}/{name}.parquet" for name in names]


def benchmarks_of_run(wildcards):
    return [f"data/benchmarks/{name}.parquet" for name in CONFIG.runs[wildcards.run].build.benchmarks]


def base_model(wildcards):
    """Folder of the family's base model; nothing for a family built from scratch."""
    return [] if CONFIG.families[wildcards.family].scratch else f"data/models/{wildcards.family}"


def sft_pairs(wildcards):
    """The SFT pairs; nothing for a family that is used as it is."""
    return f"results/{wildcards.run}/data/sft.parquet" if CONFIG.families[wildcards.family].precondition == "sft" else []


def number_of_samples(wildcards):
    explore = CONFIG.runs[wildcards.run].explore
    return explore.extra_native_samples if wildcards.mode == "native_extra" else explore.samples


def first_sample(wildcards):
    """native_extra goes on counting where native ends."""
    return CONFIG.runs[wildcards.run].explore.samples if wildcards.mode == "native_extra" else 0


def running_of(run, wildcards):
    """What sampling a policy depends on besides how it is sampled: the engine, and how programs run."""
    return {"engine": run.engine, "interpreter": run.interpreter, "blocks": CONFIG.families[policy_family(wildcards)].blocks}


def explore_settings(wildcards):
    run = CONFIG.runs[wildcards.run]
    return settings.dumps({"sampling": run.explore.sampling, **running_of(run, wildcards)})


def engine_python(wildcards):
    """Interpreter of the environment that holds the sampling engine."""
    return CONFIG.runs[wildcards.run].engine.python


def gpus(wildcards):
    return CONFIG.runs[wildcards.run].hardware.gpus


def growing(amount, most=math.inf):
    """Resource: so much at the first attempt, twice at the second, three times from the third on; no more than a site gives."""
    return lambda wildcards, attempt: min(amount * min(attempt, 3), max(amount, most))


def memory_mb_of(hardware):
    return growing(hardware.memory_gb * 1000, hardware.max_memory_gb * 1000)


def walltime_of(hardware):
    """Minutes."""
    return growing(hardware.hours * 60, hardware.max_hours * 60)


def hardware_of(wildcards):
    """What a job may use. A start policy that is the base model as it is takes one process without a GPU: its files are linked."""
    starts = "family" in wildcards.keys() and "experiment" not in wildcards.keys()
    links = starts and CONFIG.families[wildcards.family].precondition == "none"
    return LINKING if links else CONFIG.runs[wildcards.run].hardware


def memory_mb(wildcards, attempt):
    return memory_mb_of(hardware_of(wildcards))(wildcards, attempt)


def walltime(wildcards, attempt):
    return walltime_of(hardware_of(wildcards))(wildcards, attempt)


def cpus(wildcards):
    return CONFIG.runs[wildcards.run].hardware.cpus


def one_gpu(wildcards):
    """For jobs that cannot use more than one."""
    return min(1, gpus(wildcards))


def gpus_by_stage(wildcards):
    """GPUs of a job of each stage that uses any, under the stage's name in the table of costs."""
    sampling = dict.fromkeys(("exploration", "evaluation", "evaluation for labels"), gpus(wildcards))
    training = {"SFT": all_gpus(wildcards) if has_sft(wildcards.run) else 0, "RL": all_gpus(wildcards)}
    return json.dumps(sampling | training | {"behaviour log-probabilities": one_gpu(wildcards)})


def start_cpus(wildcards):
    """The start policy is trained alone, so it may want more than a job of which several run."""
    hardware = hardware_of(wildcards)
    return hardware.cpus if hardware is LINKING else max(hardware.cpus, CONFIG.runs[wildcards.run].start.optimizer.threads)


def scoring_threads(wildcards):
    return run_of(wildcards).train.optimizer.threads


def micro_batch_tokens(wildcards):
    return run_of(wildcards).train.optimizer.micro_batch_tokens


def scoring_dtype(wildcards):
    """Behaviour log-probabilities are computed as the trainer computes them, or ratios start away from 1."""
    family = CONFIG.families[wildcards.family]
    return "bfloat16" if family.mixed_precision == "bf16" else family.train_dtype


def flag(option, name):
    """Params function: the option with the named input, or nothing where there is no such input."""

    def as_flag(wildcards, input):
        return f"{option} {input[name]}" if input[name] else ""

    return as_flag


def launcher(wildcards):
    """How a training program is started: plain Python, one process per GPU (port 0: any that is free), or so on each of several nodes."""
    hardware = hardware_of(wildcards)
    if hardware.nodes > 1:
        step = f"srun --nodes={hardware.nodes} --ntasks-per-node=1 --cpus-per-task={hardware.cpus} --kill-on-bad-exit=1"
        return f"{PATIENTLY} {step} python workflow_scripts/launch_training.py --gpus {hardware.gpus}"
    if hardware.gpus < 2:
        return "python"
    return f"{PATIENTLY} accelerate launch --config_file config/accelerate/fsdp2.yaml --main_process_port 0 --num_processes {hardware.gpus}"


def all_gpus(wildcards):
    """GPUs of a training job, over all its nodes."""
    hardware = hardware_of(wildcards)
    return hardware.gpus * hardware.nodes


def nodes(wildcards):
    """Nodes of a training job: said even when it is one, or SLURM may spread a job's GPUs over two."""
    return hardware_of(wildcards).nodes


def for_several_nodes(value):
    """Resource that only a training job over several nodes has; what is None, Snakemake leaves out."""
    return lambda wildcards: value(hardware_of(wildcards)) if nodes(wildcards) > 1 else None


def sharded_runs():
    """Runs whose sampling is split into several jobs."""
    return [run for run, chosen in CONFIG.runs.items() if chosen.hardware.shards > 1]


def shards_in(run, path):
    """The shards of a sampled file, in order; `path` has the wildcard {shard}."""
    count = CONFIG.runs[run].hardware.shards
    return [path.replace("{shard}", f"{shard}of{count}") for shard in range(1, count + 1)]


def shards_of(path):
    """Input function: `shards_in` the run of the wildcards."""
    return lambda wildcards: shards_in(wildcards.run, path)


def shard_option(wildcards):
    """The option that names a shard by its file's name, such as 2of8."""
    return "--shard {} {}".format(*wildcards.shard.split("of"))


def start_policies(run):
    build = CONFIG.runs[run].build
    return [f"start/{family}/seed{seed}" for family in build.families for seed in build.seeds]


def trained_policies(run, iterations=None):
    """Policies of every experiment, at the given iterations (all of them by default)."""
    build = CONFIG.runs[run].build
    return [
        f"{experiment}/{family}/seed{seed}/iter{iteration}"
        for experiment in build.experiments
        for family in build.families
        for seed in build.seeds
        for iteration in (iterations or range(1, build.iterations + 1))
    ]


def labelled_policies(run):
    """Policies whose selection accuracy is measured: start policies and last iterations."""
    return start_policies(run) + trained_policies(run, [CONFIG.runs[run].build.iterations])


def explored_by_em(run):
    """Policies that EM explores on the way: start policies, and its own but the last."""
    build = CONFIG.runs[run].build
    own = [f"main/{family}/seed{seed}/iter{n}" for family in build.families for seed in build.seeds for n in range(1, build.iterations)]
    return start_policies(run) + own if "main" in build.experiments else []


def learned_from(family):
    return settings.learned_from(CONFIG.families[family].precondition)


def has_sft(run):
    return any("sft" in learned_from(family) for family in CONFIG.runs[run].build.families)


def contaminated_items(run):
    """Items of benchmarks that overlap with what a policy's family learns from."""
    return lambda wildcards: [
        f"results/{run}/data/{use}_contaminated_items.parquet" for use in learned_from(wildcards.policy.split("/")[1])
    ]


def report_inputs(wildcards):
    """Everything the tables and figures of a run are made of."""
    run, build = wildcards.run, CONFIG.runs[wildcards.run].build
    policies = start_policies(run) + trained_policies(run)
    evaluations = [(policy, mode, benchmark) for policy in policies for mode in EVAL_MODES for benchmark in build.benchmarks]
    explored = explored_by_em(run)
    labels = [
        (policy, mode, benchmark)
        for policy in labelled_policies(run)
        for mode in SELECTION_MODES
        for benchmark in CONFIG.runs[run].evaluate.selection_benchmarks
    ]
    return [
        *[f"results/{run}/{policy}/eval/{mode}/{benchmark}/scores.json" for policy, mode, benchmark in evaluations],
        *[f"results/{run}/{policy}/eval/{mode}/{benchmark}/grades.parquet" for policy, mode, benchmark in evaluations],
        *[f"results/{run}/{policy}/eval/{mode}/{benchmark}/grades.parquet" for policy, mode, benchmark in labels],
        *[f"results/{run}/{policy}/training_log.parquet" for policy in policies],
        *[f"results/{run}/{policy}/q_values.parquet" for policy in trained_policies(run)],
        *[f"results/{run}/{policy}/reference_strategy.parquet" for policy in trained_policies(run)],
        *[f"results/{run}/{policy}/logprobs.parquet" for policy in trained_policies(run)],
        *[f"results/{run}/{policy}/explore/{mode}/grades.parquet" for policy in explored for mode in ("native", "cot", "code")],
        f"results/{run}/data/queries_contaminated_items.parquet",
        *([f"results/{run}/data/sft.parquet", f"results/{run}/data/sft_contaminated_items.parquet"] if has_sft(run) else []),
    ]


def response_inputs(wildcards):
    """The texts behind the graded responses, and behind what EM explored."""
    run, build = wildcards.run, CONFIG.runs[wildcards.run].build
    policies = start_policies(run) + trained_policies(run)
    return [
        f"results/{run}/data/queries.parquet",
        *[
            f"results/{run}/{policy}/eval/{mode}/{name}/responses.parquet"
            for policy in policies
            for mode in EVAL_MODES
            for name in build.benchmarks
        ],
        *[
            f"results/{run}/{policy}/explore/{mode}/rollouts.parquet"
            for policy in explored_by_em(run)
            for mode in ("native", "cot", "code")
        ],
    ]


def about_json(wildcards):
    """What a run is made of, for the page to read first."""
    run = CONFIG.runs[wildcards.run]
    hardware = run.hardware
    about = {
        "description": run.description,
        "queries": run.data.queries,
        "sft": run.data.sft if has_sft(wildcards.run) else [],
        "queries_per_iteration": run.explore.queries_per_iteration,
        "samples": run.explore.samples,
        "engine": run.engine.name,
        "hardware": f"GPUs: {hardware.gpus}, cores: {hardware.cpus}, memory: {hardware.memory_gb} GB",
    }
    return json.dumps(about, sort_keys=True)


def plan_json(wildcards):
    """What a run built, for the programs that make tables and figures."""
    run = CONFIG.runs[wildcards.run]
    families = {name: CONFIG.families[name].model_dump(include={"label", "published", "precondition"}) for name in run.build.families}
    plan = {
        **run.build.model_dump(exclude={"families", "experiments"}),
        "families": families,
        "experiments": {name: run.experiments[name].label for name in run.build.experiments},
        "selection_benchmarks": run.evaluate.selection_benchmarks,
        "sft": run.data.sft if has_sft(wildcards.run) else [],
    }
    return json.dumps(plan, sort_keys=True)


def run_targets(run):
    """What a run ends with."""
    method = CONFIG.method(run)
    return [
        *[f"results/{run}/tables/{table.name}.{ending}" for table in method.tables for ending in ("csv", "tex")],
        *[f"reports/{run}/{page.name}.html" for page in method.pages],
        *[f"results/{run}/figures/{figure.name}.{ending}" for figure in method.figures for ending in ("svg", "pdf")],
        f"logs/results/{run}/costs.csv",
    ]
