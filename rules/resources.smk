"""What jobs ask for: a run's `resources`, stage by stage, and where the scheduler sends them (slurm/partitions.yaml).

`asks("judge")` in a rule is what the run asks for at the stage `judge`. The numbers are those of config/hardware/NAME.yaml (NAME is the run's
`hardware`), with `resources:` of the run over them.
"""

try:
    PARTITIONS = configuration.partitions(Path(workflow.basedir, "slurm/partitions.yaml"))
except settings.SettingsError as error:
    refuse(error)
PATIENTLY = "env TORCH_ELASTIC_SHUTDOWN_TIMEOUT=1800"
"""Torch's launcher kills its processes 30 s after SIGTERM; the checkpoint of a 7B model takes minutes."""


def growing(amount, most=math.inf):
    """Resource: so much at the first attempt, twice at the second, three times from the third on; no more than a site gives."""
    return lambda wildcards, attempt: min(amount * min(attempt, 3), max(amount, most))


def light(memory_gb=8, hours=1):
    """Resources of a job that belongs to no run: one without a GPU."""
    return {"mem_mb": growing(1000 * memory_gb), "runtime": growing(60 * hours), "slurm_partition": PARTITIONS.cpu}


def half_of_the_cores(most):
    """Threads of a job that belongs to no run. Here it leaves half of the cores to others: to get all, it would wait until none runs."""

    def threads(wildcards):
        here = workflow.local_exec and not workflow.remote_exec
        return max(1, min(most, workflow.cores // 2)) if here else most

    return threads


def asks(stage):
    """Resources of a job of a run's stage. Training over several nodes is a job step of its own on each (docs/cluster.md)."""

    def ask(wildcards):
        return CONFIG.runs[wildcards.run].resources.of(stage)

    def memory_mb(wildcards, attempt):
        chosen = ask(wildcards)
        return growing(1000 * chosen.memory_gb, 1000 * chosen.max_memory_gb)(wildcards, attempt)

    def walltime(wildcards, attempt):
        chosen = ask(wildcards)
        return growing(60 * chosen.hours, 60 * chosen.max_hours)(wildcards, attempt)

    def partition(wildcards):
        return PARTITIONS.gpu if ask(wildcards).gpus else PARTITIONS.cpu

    def over_nodes(value):
        """Only where there are several; what is None, Snakemake leaves out."""
        return lambda wildcards: value(ask(wildcards)) if ask(wildcards).nodes > 1 else None

    found = {"mem_mb": memory_mb, "runtime": walltime, "slurm_partition": partition}
    if stage in ("explore", "evaluate", "score", "start", "train", "preference", "critic"):
        # Nodes are said even when it is one, or SLURM may spread a job's GPUs over two.
        found |= {"gpu": lambda wildcards: ask(wildcards).gpus * ask(wildcards).nodes, "nodes": lambda wildcards: ask(wildcards).nodes}
        found["mpi"] = over_nodes(lambda chosen: "srun")
        found["tasks"] = over_nodes(lambda chosen: chosen.nodes)
        found["tasks_per_gpu"] = over_nodes(lambda chosen: 0)
        found["gres"] = over_nodes(lambda chosen: f"gpu:{chosen.gpus}" if chosen.gpus else None)
    return found


def cores(stage):
    """Threads of a job of a stage."""
    return lambda wildcards: CONFIG.runs[wildcards.run].resources.of(stage).cpus


def launcher(stage):
    """How a training program is started: plain Python, one process per GPU, or so on each of several nodes."""

    def command(wildcards):
        ask = CONFIG.runs[wildcards.run].resources.of(stage)
        launch = f"python workflow_scripts/launch_training.py --nodes {ask.nodes} --gpus {ask.gpus}"
        if ask.nodes > 1:
            step = f"srun --nodes={ask.nodes} --ntasks-per-node=1 --cpus-per-task={ask.cpus} --kill-on-bad-exit=1"
            return f"{PATIENTLY} {step} {launch}"
        return "python" if ask.gpus < 2 else f"{PATIENTLY} {launch}"

    return command


def gpus_by_stage(wildcards):
    """GPUs of a job of each stage that uses any, under the stage's name in the table of costs."""
    return json.dumps(CONFIG.gpus(wildcards.run))
