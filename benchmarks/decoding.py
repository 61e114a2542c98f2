"""How fast the transformers engine decodes, against the generate loop of `transformers`, on the same rows in the same run.

    python benchmarks/decoding.py --model results/demo/start/tiny/seed1/model --queries results/demo/data/queries.parquet

Both decode one chunk greedily, so both write the same tokens; the ratio of their times is printed for each prompt mode.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))

import torch
from transformers import GenerationConfig

from autocode import commandline, corpora, generation, rollout, settings, tables
from autocode.transcript import OUTPUT_FENCE


def arguments():
    parser = commandline.parser(__doc__)
    parser.add_argument("--model", required=True, help="policy folder")
    parser.add_argument("--queries", required=True, help="table of queries")
    parser.add_argument("--config", default="config", help="folder with the configuration")
    parser.add_argument("--run", default="demo", help="run whose engine and prompt are used")
    parser.add_argument("--rows", type=int, default=500, help="rows in the chunk")
    parser.add_argument("--repeats", type=int, default=3, help="the best time of so many counts")
    return parser


def library_loop(engine: generation.TransformersEngine, requests: list[generation.Request]) -> list[list[int]]:
    """The peer: greedy decoding by `model.generate`, stopped at the same fence; rows are cut at their padding."""
    ids, mask = engine._padded([request.token_ids for request in requests])
    with torch.inference_mode():
        out = engine.model.generate(
            input_ids=ids,
            attention_mask=mask,
            generation_config=GenerationConfig(do_sample=False, max_new_tokens=requests[0].max_new_tokens),
            stop_strings=[OUTPUT_FENCE],
            tokenizer=engine.tokenizer,
            eos_token_id=sorted(engine._eos),
            pad_token_id=engine.tokenizer.pad_token_id,
        )
    return out[:, ids.shape[1] :].tolist()


def best_time(work, repeats: int) -> tuple[float, object]:
    """Seconds of the fastest of the repeats, and what the work returned."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - start)
    return min(seconds), result


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    config = settings.load(args.config)
    run = config.runs[args.run]
    profile = config.families[run.build.families[0]].prompt
    engine = generation.start_engine(args.model, run.engine, run.evaluate.sampling)
    queries = corpora.take(tables.read(args.queries, "queries"), args.rows)
    for mode in ("auto", "cot", "code"):
        rows = rollout.plan_rows(queries, mode, range(1), 1, profile, engine.tokenizer, run.engine.max_model_len - 1)
        requests = [generation.Request(row.prompt_ids, row.seed, run.evaluate.sampling.max_new_tokens) for row in rows]
        ours, completions = best_time(lambda requests=requests: engine.generate(requests), args.repeats)
        theirs, written = best_time(lambda requests=requests: library_loop(engine, requests), args.repeats)
        same = sum(row[: len(ours.token_ids)] == ours.token_ids for ours, row in zip(completions, written, strict=True))
        tokens = sum(len(completion.token_ids) for completion in completions)
        print(
            f"{mode}: {tokens / ours:.0f} tokens/s, {theirs / ours:.2f} times as fast as model.generate;"
            f" {same} of {len(rows)} rows have the same tokens"
        )
    return 0


if __name__ == "__main__":
    commandline.run(main)
