"""What runs will cost before they start: jobs, tokens, GPU hours, wall clock and disk of each stage.

    python workflow_scripts/estimate_costs.py paper --gpus 8 --override '{resources: {evaluate: {gpus: 1}}}'

Reads:  the jobs that Snakemake plans, config/, and the rates in config/costs.yaml, which gives the source of each; of data and models
        whose size is not said there, the files, where they are on this machine; after a run also logs/results/RUN, to show what the run
        took beside the estimate.
Writes: a table to the terminal, and to --csv. Nothing is run.

Below the table stands what it costs where figures that are not well known are lower or higher (`low` and `high` in config/costs.yaml).
The columns are explained in docs/artifacts.md. Three are percentages of time lost, each with the settings to look at: starting
(resources.STAGE.gpus, shards), idle (micro_batch_tokens and batch of an optimizer, engine.chunk_rows), saving (checkpoint_minutes).
"""

import argparse
import functools
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from mathcode import configuration, settings
from mathcode.core import atomic, cli
from mathcode.core.errors import InputError
from mathcode.critic.attacks import ATTACKS
from mathcode.data import sources
from mathcode.estimates import estimate, plan, ranges, work
from mathcode.estimates.clock import rate_of
from mathcode.estimates.sizes import Sizes
from mathcode.policies import folders, mirrors
from mathcode.report import costs as measured

SNAKEFILE = Path(__file__).parents[1] / "Snakefile"


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(__doc__)
    parser.add_argument("runs", nargs="+", metavar="RUN", help="name of a run")
    parser.add_argument(
        "--gpus", type=cli.positive, default=8, help="GPUs available at once, for the wall clock and the peak of disk use (8)"
    )
    parser.add_argument(
        "--cores", type=cli.positive, help="cores available at once (default: this machine's; no limit if any job uses GPUs)"
    )
    parser.add_argument("--left", action="store_true", help="only the jobs that have still to run")
    parser.add_argument("--override", help="YAML that overrides settings of the runs, in the form that --config RUN= takes")
    parser.add_argument("--mirror", default="data/mirror", help="mirror folder, whose files are counted (data/mirror)")
    parser.add_argument("--csv", type=Path, help="table to write, with a column for the run")
    parser.add_argument("--config", default="config", type=Path, help="folder of the settings (config)")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    overrides = {run: settings.parse_yaml(args.override, "--override") for run in args.runs} if args.override else {}
    config, costs = configuration.load(args.config, overrides), configuration.costs(args.config)
    for run in args.runs:
        configuration.refuse_unknown(run, config.runs, "runs", "run")
    tables = []
    for run in args.runs:
        planned = [job for job in _planned(run, args) if job.left or not args.left]
        on_gpus = any(job.gpus for job in planned)
        cores = args.cores or (math.inf if on_gpus else os.cpu_count() or 1)
        stages = {name: stage.jobs for name, stage in config.method(run).stages.items()}
        worked = functools.partial(_worked, planned, run, config, stages=stages, here=_here(config, args.mirror))
        jobs = worked(costs)
        table = estimate.tabulate(jobs, costs, args.gpus, cores, stages)
        logs = Path("logs/results") / run
        if measured.names(logs, stages):
            table = estimate.beside(table, measured.tabulate(logs, config.gpus(run), stages))
        print(f"\n{run}, with {f'{args.gpus} GPUs' if on_gpus else f'{cores} cores'}:\n\n{_shown(table)}\n")
        print(f"{_ranges(worked, costs, 'GPU hours' if on_gpus else 'hours')}\n\n{_rates(jobs, costs)}")
        tables.append(table.select(pl.lit(run).alias("run"), pl.all()))
    if args.csv:
        atomic.write_text(args.csv, pl.concat(tables, how="diagonal").write_csv())
    return 0


def _planned(run: str, args: argparse.Namespace) -> list[plan.Job]:
    """The jobs of a run as Snakemake plans them, in a process of its own.

    Raises:
        InputError: Snakemake cannot plan it.
    """
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder, "plan.jsonl")
        options = [f"plan={told}", f"config_folder={args.config}", *([f"{run}={args.override}"] if args.override else [])]
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(SNAKEFILE), "-n", "--quiet", "all", "--nolock", "--cores", "9999"]
        done = subprocess.run([*command, "--config", *options, "--", run], capture_output=True, text=True, check=False)
        if done.returncode or not told.is_file():
            raise InputError(f"Snakemake cannot plan '{run}': {' '.join((done.stderr or done.stdout).split())[-500:]}")
        with told.open(encoding="utf-8") as lines:
            return plan.read(lines, run)


def _worked(
    planned: list[plan.Job], run: str, config: configuration.Config, costs: settings.Costs, stages: dict, here: Sequence[Callable] = ()
) -> list[estimate.Planned]:
    """The jobs with the work in them; `here`: see `_here`."""
    chosen, method = config.runs[run], config.method(run)
    sizes = Sizes(chosen, config.sources, config.families, costs, len(ATTACKS), *here)
    asked = work.Method(
        samples=lambda mode, pool, policy: method.samples(chosen, mode, pool, policy),
        evaluation=lambda mode: method.evaluation(chosen, mode),
        training=lambda trained: method.training(chosen, trained),
        examples=lambda trained: method.examples(sizes, trained),
        critic_of=configuration.critic_of,
    )
    return [
        estimate.Planned(
            measured.stage_of(job.timed, stages) or estimate.OTHER, work.of_job(job, run, sizes, asked), after, job.gpus, job.cores
        )
        for job, after in zip(planned, plan.before(planned), strict=True)
    ]


def _here(config: configuration.Config, mirror: str) -> tuple[Callable[[str], int | None], Callable[[str], int | None]]:
    """Rows of sources, and weights of families, whose files are on this machine; each is counted once, however many jobs read it."""

    def rows(source: str) -> int | None:
        return sources.count_rows(source, config.sources.sources[source], mirror)

    def weights(family: str) -> int | None:
        path = config.families[family].path
        places = [Path("data/models", family), mirrors.in_mirror(mirror, family), *([path] if path else [])]
        return next(filter(None, map(folders.count_weights, places)), None)

    return functools.cache(rows), functools.cache(weights)


DIGITS = {
    "million_tokens": 1,
    "hours": 2,
    "gpu_hours": 1,
    "wall_hours": 2,
    "kept_gb": 1,
    "peak_gb": 1,
    "took_hours": 2,
    "took_gpu_hours": 1,
    "low": 1,
    "expected": 1,
    "high": 1,
}
"""Decimals that the terminal shows; of all others none."""


def _shown(table: pl.DataFrame) -> str:
    """The table in columns, names above, numbers to the right."""
    columns = [[name, *(_cell(name, value) for value in table[name])] for name in table.columns]
    widths = [max(map(len, column)) for column in columns]
    lines = [
        [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        for first, *others in zip(*columns, strict=True)
    ]
    return "\n".join("  ".join(line).rstrip() for line in lines)


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    return f"{value:,.{DIGITS.get(name, 0)}f}" if isinstance(value, float) else str(value)


def _ranges(worked: Callable[[settings.Costs], list[estimate.Planned]], costs: settings.Costs, unit: str) -> str:
    """What it costs where uncertain figures are lower or higher, each with its three values."""
    values = {name: [getattr(getattr(costs, name), bound) for bound in ("low", "value", "high")] for name in costs.uncertain()}
    found = ranges.ranges(worked, costs)
    names = [f"{name} {' / '.join(f'{value:g}' for value in values[name])}" if name in values else name for name in found]
    rows = zip(*found.values(), strict=True) if found else [()] * 3
    return _shown(pl.DataFrame({unit: names, **dict(zip(("low", "expected", "high"), map(list, rows), strict=True))}))


def _rates(jobs: list[estimate.Planned], costs: settings.Costs) -> str:
    """The rates that these jobs were estimated by, each once."""
    rows = [rate_of(job.work, job.gpus, costs) for job in jobs if job.work.task]
    said = [
        f"{row.task} on {row.device}: {row.per_second:,.0f} tokens a second with {row.parameters:.3g} weights ({row.kind})" for row in rows
    ]
    return "\n".join([*dict.fromkeys(said), "Sources and further assumptions: config/costs.yaml"])


if __name__ == "__main__":
    cli.run(main)
