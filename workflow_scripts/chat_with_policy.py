"""Talk to a policy of a run in the terminal: what it writes, the programs it has run, and what they printed.

    python workflow_scripts/chat_with_policy.py results/demo/main/tiny/seed1/iter2/model

reads   a policy folder, whose path tells the run and the model family; from their settings the method, prompt, sampling and interpreter
writes  nothing; answers go to the terminal

Ask one question a line; an empty line or Ctrl-D ends. Each is asked alone: these policies were trained on single questions.
"""

import os
import sys
import tempfile
from functools import partial
from pathlib import Path

import polars as pl

from mathcode import configuration, settings
from mathcode.configuration import places
from mathcode.core import cli
from mathcode.core.errors import InputError
from mathcode.grading import answers
from mathcode.interpreter.driver import Interpreter
from mathcode.responses import prompts


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("model", type=Path, help="policy folder of a run: results/RUN/POLICY/model")
    parser.add_argument("--mode", help="mode to ask in (default: the first that the run is evaluated in: auto for autocode, code for siam)")
    parser.add_argument("--question", help="ask only this question, then end")
    parser.add_argument("--temperature", type=float, help="sampling temperature; 0: greedy (default: that of the run's evaluation)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the sampling; a different seed can give a different response (1)")
    parser.add_argument("--config", default="config", help="folder of the run's settings (config)")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    config = configuration.load(args.config)
    run, policy = places.located(args.model, config)
    method, family = config.method(run), config.families[policy.family]
    chosen = config.runs[run]
    mode = args.mode or next(iter(method.evaluated))
    if mode not in method.modes:
        raise InputError(f"--mode: method {chosen.method} has no mode '{mode}'; it has {', '.join(method.modes)}")
    sampling = chosen.evaluate.sampling
    if args.temperature is not None:
        sampling = settings.validated(settings.Sampling, sampling.model_dump() | {"temperature": args.temperature}, "--temperature")
    if not (args.model / "config.json").is_file():
        raise InputError(f"{args.model}: no model here (config.json is missing); {places.how_to_build(config, run, policy)}")
    os.environ["TQDM_DISABLE"] = "1"  # no progress bar between question and answer
    from mathcode.rollouts import loop
    from mathcode.rollouts.chunks import RolloutError
    from mathcode.rollouts.engines import start_engine
    from mathcode.rollouts.rows import plan_rows

    limits = chosen.engine.model_copy(update={"name": "transformers", "continuous_batching": False})
    engine = start_engine(str(args.model), limits, sampling)
    prompt, frame = partial(method.prompt, family.prompt, mode), prompts.profile(family.prompt).frame
    with Interpreter(chosen.interpreter.model_copy(update={"workers": 1})) as interpreter:
        for question in _questions(args.question):
            asked = pl.DataFrame({"query_id": ["chat"], "question": [question]})
            try:
                rows = plan_rows(asked, mode, range(1), args.seed, prompt, engine.tokenizer, limits.max_model_len - 1, frame)
            except RolloutError as error:  # too long: the next one may not be
                if args.question is not None:
                    raise
                print(f"{error}\n", file=sys.stderr, flush=True)
                continue
            with tempfile.TemporaryDirectory() as folder:
                (answered,) = loop.sample_rollouts([loop.Plan(rows, Path(folder))], engine, interpreter, sampling, limits, method.form)
            (row,) = answered.rows(named=True)
            print(
                f"\n{_printable(row['response'].strip())}\n\n{_in_short(row, question, chosen.grading.extraction, method.form)}\n",
                flush=True,
            )
    return 0


def _printable(text: str) -> str:
    """A text that commands no terminal: control characters, and those that turn the direction of writing, become escapes."""
    return "".join(sign if sign.isprintable() or sign in "\n\t" else sign.encode("unicode_escape").decode() for sign in text)


def _questions(alone: str | None):
    """The question asked alone, or those typed, until an empty line."""
    if alone is not None:
        yield alone
        return
    while True:
        print("question> ", end="", file=sys.stderr, flush=True)
        if not (line := sys.stdin.readline().strip()):
            return
        yield line


def _in_short(row: dict, question: str, extraction: str, form) -> str:
    """Methodology, programs that ran, and the answer that would be graded."""
    outcomes = [one["outcome"] for one in row["rounds"] if one["outcome"]]
    answer = answers.extract(row["response"], extraction, "", question, "", form).strict
    ran = f"{len(outcomes)} program{'s' * (len(outcomes) != 1)} ran" + (f" ({', '.join(outcomes)})" if outcomes else "")
    ended = "" if row["finish_reason"] in ("stop", "calls") else f"; cut off ({row['finish_reason']})"
    said = "none" if answer is None else _printable(answer)
    return f"[{row['methodology'] or 'no methodology'}; {ran}; answer: {said}{ended}]"


if __name__ == "__main__":
    cli.run(main)
