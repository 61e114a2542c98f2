"""Snakemake whose SLURM plugin looks at its jobs every three seconds; by itself it looks ever more rarely, up to every three minutes."""

from snakemake.cli import main
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

SECONDS = 3

if __name__ == "__main__":
    RemoteExecutor.next_seconds_between_status_checks = property(lambda executor: SECONDS, lambda executor, seconds: None)
    main()
