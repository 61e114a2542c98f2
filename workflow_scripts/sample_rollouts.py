"""Sample rollouts of one policy: K responses per query and mode, programs really executed.

    python workflow_scripts/sample_rollouts.py --model results/demo/start/tiny/seed1/model \\
        --queries results/demo/data/queries.parquet --mode code --out rollouts.parquet \\
        --samples 8 --seed 1 --method autocode --profile plain --checkpoints checkpoints/by_hand \\
        --settings '{"sampling": ..., "engine": ..., "interpreter": ...}'

reads   a policy folder, tables `queries`
writes  tables `rollouts`, one per --out; the i-th --out belongs to the i-th --mode, and to the i-th --queries or the only one
keeps   finished chunks under --checkpoints, from which a killed job goes on when it is started again

One engine samples all outputs. With several --gpus there are several engines: one per GPU, or per group of GPUs that an engine is spread
over (engine.tensor_parallel), but no more than there are chunks to sample.
Grading is a program of its own, so grading again never means sampling again. With --adaptive, answers are graded here too, to see which
labels are decided.
"""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from pathlib import Path

import polars as pl

from mathcode import settings, tables
from mathcode.configuration import METHODS, make_judge
from mathcode.core import cli, holding, provenance
from mathcode.core.errors import InputError
from mathcode.data.queries import slice_for_iteration, take
from mathcode.interpreter.driver import Interpreter
from mathcode.methods import method_of
from mathcode.responses import prompts
from mathcode.rollouts import loop, replicas
from mathcode.rollouts.chunks import merged, parts_of_shard
from mathcode.rollouts.engines import start_engine
from mathcode.rollouts.rows import plan_rows


class SampleSettings(settings.Section):
    """What this program reads from --settings."""

    sampling: settings.Sampling
    engine: settings.Engine
    interpreter: settings.Interpreter


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--model", required=True, help="policy folder")
    parser.add_argument("--queries", nargs="+", required=True, help="tables of queries: one for all outputs, or one for each")
    parser.add_argument(
        "--mode", nargs="+", required=True, help="modes of the method, one per output (autocode: native, auto, cot, code, ...)"
    )
    parser.add_argument("--out", nargs="+", required=True, help="tables to write")
    parser.add_argument("--samples", type=int, required=True, help="rollouts per query")
    parser.add_argument("--first-sample", type=int, default=0, help="index of the first rollout")
    parser.add_argument("--rows", type=int, help="queries to take of each table, drawn by hash; default: all")
    parser.add_argument("--shard", type=int, nargs=2, default=[1, 1], metavar=("N", "OF"), help="sample the N-th of OF parts (1 1)")
    parser.add_argument("--slice", type=int, metavar="N", help="with --rows: take the N-th slice of the queries, shuffled by the seed")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--method", required=True, help=f"whose prompts and whose form of responses: {', '.join(METHODS)}")
    parser.add_argument("--profile", required=True, help="prompt profile, or a frame with {question} in it")
    parser.add_argument("--checkpoints", required=True, type=Path, help="undeclared folder for finished chunks")
    parser.add_argument("--workers", type=cli.positive, default=1, help="processes that run programs")
    parser.add_argument("--gpus", type=int, default=0, help="GPUs to use (default: what one engine takes)")
    parser.add_argument("--settings", required=True, help="JSON: sampling, engine, interpreter")
    parser.add_argument("--adaptive", help="JSON: sample a query no further once its label is decided; --mode are the modes that decide")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    if args.adaptive and len(args.queries) > 1:
        raise InputError("--adaptive: all modes of a query are decided together, so give only one --queries")
    args.queries *= len(args.out) if len(args.queries) == 1 else 1
    if not len(args.queries) == len(args.mode) == len(args.out):
        raise InputError("give one --mode for each --out, and one --queries for all of them or one for each")
    chosen = settings.parse(SampleSettings, args.settings)
    method = method_of(args.method)
    if unknown := set(args.mode) - {*method.modes}:
        raise InputError(f"--mode: method {method.name} has no mode '{min(unknown)}'; it has {', '.join(method.modes)}")
    if args.adaptive and tuple(args.mode) != method.deciding:
        raise InputError(
            f"--adaptive: give --mode {' '.join(method.deciding)}"
            if method.deciding
            else f"--adaptive: method {args.method} has no labels that could be decided"
        )
    key = settings.fingerprint(
        provenance.folder_digest(args.model),
        settings.deciding(chosen),
        args.samples,
        args.first_sample,
        args.seed,
        args.method,
        args.profile,
    )
    selected = [_select(tables.QUERIES.read(path), args) for path in args.queries]
    parts = parts_of_shard([len(queries) * args.samples for queries in selected], *args.shard, chosen.engine.chunk_rows)
    shared = sum(part.stop - part.start for part in parts) // chosen.engine.chunk_rows  # chunks of this job
    if args.adaptive:
        shared = _of_shard(selected[0], args.shard).height
    engines = min(shared, replicas.count(args.gpus, chosen.engine.tensor_parallel))
    with holding.held(args.checkpoints):
        if engines > 1:
            asked = settings.fingerprint(args.mode, [queries.rows() for queries in selected], args.shard, args.adaptive)
            folder = args.checkpoints / f"{key}-{asked}-{engines}"
            _side_by_side(args, sys.argv[1:] if argv is None else argv, engines, folder)
        elif engines:
            _sample(args, chosen, key, selected, parts)
        else:  # there are more shards than chunks, or than queries
            for out in args.out:
                tables.ROLLOUTS.write(tables.ROLLOUTS.empty(), out)
        provenance.discard(args.checkpoints)
    return 0


def _sample(args, chosen: SampleSettings, key: str, selected: list[pl.DataFrame], parts: list[slice]) -> None:
    """Sample this job's part of each table with an engine of its own; chunks that are there already are kept."""
    if args.adaptive:  # what is wrong with it is said before a model is loaded
        deciding = import_module(method_of(args.method).adaptive)
        told = deciding.parse(args.adaptive, args.workers)
    engine = start_engine(args.model, chosen.engine, chosen.sampling)
    samples = range(args.first_sample, args.first_sample + args.samples)
    method = method_of(args.method)
    asked_in = prompts.profile(args.profile).frame
    limit = chosen.engine.max_model_len - 1

    def planned(queries: pl.DataFrame, mode: str, samples: range, part: slice, *named: object, some: bool = False) -> loop.Plan:
        prompt = partial(method.prompt, args.profile, mode)
        rows = plan_rows(queries, method.stored_mode(mode), samples, args.seed, prompt, engine.tokenizer, limit, asked_in, some)[part]
        return loop.Plan(rows, args.checkpoints / f"{key}-{settings.fingerprint(mode, queries.rows(), part.start, part.stop, *named)}")

    with Interpreter(chosen.interpreter.model_copy(update={"workers": args.workers})) as interpreter:

        def sampled(plans: list[loop.Plan], more: bool = False) -> list[pl.DataFrame]:
            return loop.sample_rollouts(plans, engine, interpreter, chosen.sampling, chosen.engine, method.form, more)

        if args.adaptive:
            with make_judge(told.judge, told.grading) as judge:
                frames = _adaptively(args, selected[0], samples, planned, sampled, deciding.Rounds(told, judge))
        else:
            frames = sampled(
                [planned(queries, mode, samples, part) for queries, part, mode in zip(selected, parts, args.mode, strict=True)]
            )
    for frame, out in zip(frames, args.out, strict=True):
        tables.ROLLOUTS.write(frame, out)


def _adaptively(
    args,
    queries: pl.DataFrame,
    samples: range,
    planned: Callable[..., loop.Plan],
    sampled: Callable[..., list[pl.DataFrame]],
    rounds,
) -> list[pl.DataFrame]:
    """Round by round, each with the queries that are not decided yet."""
    plans: list[loop.Plan] = []
    for mode in args.mode:
        planned(queries, mode, samples, slice(0))  # refused where no prompt fits

    def one_round(undecided: pl.DataFrame, indices: range) -> list[pl.DataFrame]:
        here = [planned(undecided, mode, indices, slice(0, None), indices.start, indices.stop, some=True) for mode in args.mode]
        plans.extend(here)
        return sampled(here, more=True)

    frames = rounds.sample(_of_shard(queries, args.shard), samples, one_round)
    sampled(plans)  # all are there: what is judged now is how many programs could not be run
    return frames


def _of_shard(queries: pl.DataFrame, shard: Sequence[int]) -> pl.DataFrame:
    """The queries of a shard that samples adaptively: all modes of a query decide together, so chunks cannot be shared out."""
    number, shards = shard
    return queries.sort("query_id")[len(queries) * (number - 1) // shards : len(queries) * number // shards]


def _side_by_side(args, argv: list[str], engines: int, folder: Path) -> None:
    """Start a copy of this program for each engine, and join what they sampled; parts that are there already are kept."""
    commands, files = {}, replicas.files(folder, args.out, engines)
    for number, paths in enumerate(files, 1):
        if not all(path.is_file() for path in paths):
            own = {"--shard": replicas.part_of(args.shard, number, engines), "--out": paths, "--gpus": [0]}
            own |= {"--workers": [max(1, args.workers // engines)], "--checkpoints": [folder / f"chunks-{number}"]}
            options = [str(word) for option, values in own.items() for word in (option, *values)]
            commands[number] = [sys.executable, str(Path(__file__).resolve()), *argv, *options]
    replicas.run(commands, engines, args.gpus)
    joined = [str(paths[output]) for output in range(len(args.out)) for paths in files]
    for number, out in enumerate(args.out):
        tables.ROLLOUTS.write(merged(joined[number * engines : (number + 1) * engines]), out)


def _select(queries, args):
    if args.rows is not None and args.slice is not None:
        return slice_for_iteration(queries, args.rows, args.slice, args.seed)
    return take(queries, args.rows)


if __name__ == "__main__":
    cli.run(main)
