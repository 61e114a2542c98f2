"""How fast one chunk of rollouts is sampled, against the same with the generate loop of `transformers`, in the same run.

    python benchmarks/library_decoding.py --model results/demo/start/tiny/seed1/model --queries results/demo/data/queries.parquet

Both sample greedily, programs executed, so both write the same tokens; the ratio of their times is printed for each prompt mode.
"""

import sys
import time
from functools import partial
from operator import itemgetter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))

import torch
from transformers import GenerationConfig

from mathcode import configuration, settings, tables
from mathcode.core import cli
from mathcode.data.queries import take
from mathcode.interpreter.driver import Interpreter
from mathcode.responses.parse import OUTPUT_FENCE
from mathcode.rollouts import engines, loop, transformers_engine
from mathcode.rollouts.rows import Row, plan_rows
from mathcode.rollouts.turns import Turns


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--model", required=True, help="policy folder")
    parser.add_argument("--queries", required=True, help="table of queries")
    parser.add_argument("--config", default="config", help="folder with the configuration")
    parser.add_argument("--run", default="demo", help="run whose engine and prompt are used")
    parser.add_argument("--rows", type=int, default=500, help="rows in the chunk")
    parser.add_argument("--repeats", type=int, default=3, help="the best time of so many counts")
    return parser


class LibraryLoop(transformers_engine.TransformersEngine):
    """The peer: greedy decoding by `model.generate`, stopped at the same fence."""

    def generate(self, requests: list[engines.Request]) -> list[engines.Completion]:
        ids, mask = self._padded([request.token_ids for request in requests])
        limits = GenerationConfig(do_sample=False, max_new_tokens=max(request.max_new_tokens for request in requests))
        limits.stop_strings, limits.eos_token_id, limits.pad_token_id = [OUTPUT_FENCE], sorted(self._eos), self.tokenizer.pad_token_id
        with torch.inference_mode():
            out = self.model.generate(input_ids=ids, attention_mask=mask, generation_config=limits, tokenizer=self.tokenizer)
        return [self._completion(request, row) for request, row in zip(requests, out[:, ids.shape[1] :].tolist(), strict=True)]

    def _completion(self, request: engines.Request, tokens: list[int]) -> engines.Completion:
        """Cut a generated row, padded after its end, to what was written."""
        row = transformers_engine._DecodedRow(0, request)
        for token in tokens:
            self._write(row, token, 0.0)
            if row.ended is not None:
                break
        return engines.Completion(row.token_ids, row.logprobs, row.ended)


def sample(engine: transformers_engine.TransformersEngine, plan, run: settings.Run, interpreter: Interpreter) -> tuple[float, list[Row]]:
    """Seconds for one chunk, and its rows."""
    rows = plan(engine.tokenizer)
    turns = Turns(engine.tokenizer, interpreter, run.evaluate.sampling, run.engine)
    start = time.perf_counter()
    loop._in_lockstep({Path("chunk"): rows}, engine, turns, save=lambda path: None, progress=lambda rows: None)
    return time.perf_counter() - start, rows


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    config = configuration.load(args.config)
    run = config.runs[args.run]
    profile = config.families[run.build.families[0]].prompt
    ours, peer = (kind(args.model, run.engine, run.evaluate.sampling) for kind in (transformers_engine.TransformersEngine, LibraryLoop))
    queries = take(tables.QUERIES.read(args.queries), args.rows)
    with Interpreter(run.interpreter) as interpreter:
        for mode in ("auto", "cot", "code"):
            plan = partial(plan_rows, queries, mode, range(1), 1, profile, max_prompt_tokens=run.engine.max_model_len - 1)
            best = [
                min((sample(engine, plan, run, interpreter) for _ in range(args.repeats)), key=itemgetter(0)) for engine in (ours, peer)
            ]
            (seconds, rows), (theirs, others) = best
            same = sum(row.token_ids == other.token_ids for row, other in zip(rows, others, strict=True))
            print(
                f"{mode}: {len(rows) / seconds:.0f} rows/s, {theirs / seconds:.2f} times as fast as model.generate;"
                f" {same} of {len(rows)} rows have the same tokens"
            )
    return 0


if __name__ == "__main__":
    cli.run(main)
