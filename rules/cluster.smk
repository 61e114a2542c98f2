"""What SLURM's plugin does with preempted jobs."""

import sys


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
