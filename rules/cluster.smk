"""Before anything is submitted: are the engine and the partitions there that jobs will ask for? And what SLURM's plugin and signals leave to do."""

import atexit
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from functools import cache

import psutil
from snakemake.scheduling.job_scheduler import JobScheduler


@cache
def has_vllm(python):
    """Whether an interpreter would find vLLM; it is not imported, which would take seconds and may want a GPU."""
    look = "import importlib.util, sys; sys.exit(importlib.util.find_spec('vllm') is None)"
    try:
        return subprocess.run([python, "-c", look], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def missing_engine(jobs):
    """What is wrong with the engine of a planned job, in one sentence; None where conda or a container brings it, or nothing runs."""
    deployed = {method.name for method in workflow.deployment_settings.deployment_method}
    if "CONDA" in deployed or workflow.touch:
        return None
    samplers = [job for job in jobs if job.rule.name.startswith("sample_") and not ("APPTAINER" in deployed and job.rule.container_img)]
    for engine in (json.loads(job.params.settings)["engine"] for job in samplers):
        if engine["name"] == "vllm" and not has_vllm(engine["python"]):
            return (
                f"engine.name is vllm, and '{engine['python']}' (engine.python) has no vLLM: turn conda on (`--sdm conda`, or the line"
                " of the profile), or name an interpreter that has it (`bash setup.sh vllm` makes one for CPUs); see docs/engines.md"
                + ("" if workflow.dag_settings.targets else "; no target was named, and that means both papers: name a run, such as demo")
            )
    return None


def on_slurm():
    """Whether this Snakemake sends jobs to SLURM."""
    return "slurm" in type(workflow.executor_settings).__module__


def missing_partition():
    """What is wrong with the partitions that jobs are sent to, in one sentence; None where jobs are not sent to SLURM."""
    if not on_slurm():
        return None
    try:
        asked = subprocess.run(["sinfo", "--all", "--noheader", "--format=%R"], check=False, capture_output=True, text=True)
    except OSError:
        return "there is no SLURM here (no command sinfo): start from a login node of the cluster, or take --profile local"
    if asked.returncode:
        return f"SLURM does not answer ({' '.join(asked.stderr.split())}): start from a login node of the cluster, or take --profile local"
    known = asked.stdout.split()
    wrong = [name for names in (PARTITIONS.gpu, PARTITIONS.cpu) for name in names.split(",") if name not in known]  # SLURM takes several
    return f"slurm/partitions.yaml: this cluster has no partition '{wrong[0]}'; it has: {', '.join(known)}" if wrong else None


def keep_settings():
    """Keep a copy of the settings for the jobs that are submitted: a job reads them when it starts, and by then they may be edited."""
    folder = Path(config.get("config_folder", "config"))
    said = {str(path): path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.yaml"))}
    kept = Path(".snakemake", "settings", settings.fingerprint(said))
    if not kept.is_dir():
        unfinished = kept.with_name(f"{kept.name}.{os.getpid()}")
        shutil.copytree(folder, unfinished)
        unfinished.rename(kept)
    os.environ[SUBMITTED] = str(kept.resolve())  # which sbatch hands on


onstart:
    if sentence := missing_partition() or missing_engine(workflow.dag.needrun_jobs()):
        raise WorkflowError(sentence)
    if on_slurm():
        keep_settings()


@atexit.register
def warn_of_a_missing_engine():
    """A plan is possible without the engine, so a dry run ends with what a run would be refused for; it has no hook of its own."""
    if workflow.dryrun and workflow.dag and (sentence := missing_engine(workflow.dag.needrun_jobs(exclude_finished=False))):
        print(f"A run would be refused: {sentence}", file=sys.stderr)


def submit_preempted_jobs_again(plugin):
    """Let a job that ended PREEMPTED count as failed, so that it is submitted again.

    Version 2.8.0 of the plugin waits for SLURM to queue it again, which SLURM does not do under --no-requeue: it would wait for ever.
    """
    query = plugin.query_job_status

    async def states(*question):
        found, seconds = await query(*question)
        if found and workflow.executor_settings.no_requeue:
            found = {job: "FAILED" if state == "PREEMPTED" else state for job, state in found.items()}
        return found, seconds

    plugin.query_job_status = states


if "snakemake_executor_plugin_slurm" in sys.modules:
    submit_preempted_jobs_again(sys.modules["snakemake_executor_plugin_slurm"])


def pass_on_sigterm(scheduler):
    """Let SIGTERM reach the programs a job runs, so that training writes its checkpoint before a walltime and when it is preempted.

    Where control groups hold a job together, SLURM gives any signal but SIGKILL to the process it started alone. That is the job's
    Snakemake, which would only wait for the program to end. Elsewhere a program gets the signal twice, which does no harm.
    """
    exit_gracefully = scheduler.exit_gracefully

    def exit_and_tell_programs(self, *signal_and_frame):
        exit_gracefully(self, *signal_and_frame)
        for program in psutil.Process().children():
            with suppress(psutil.NoSuchProcess):
                program.send_signal(signal.SIGTERM)

    scheduler.exit_gracefully = exit_and_tell_programs


if "SLURM_STEP_ID" in os.environ and workflow.remote_exec:  # not beside an srun, which a SIGTERM would let kill its processes
    pass_on_sigterm(JobScheduler)
