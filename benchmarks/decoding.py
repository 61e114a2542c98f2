"""How busy the loop keeps an engine, in lockstep and with continuous batching, beside the bare engine, in the same run.

    python benchmarks/decoding.py --model results/demo/start/tiny/seed1/model
    .venv-vllm/bin/python benchmarks/decoding.py --model FOLDER --engine vllm --slots 16 --rows 256 --seconds 0 0.1 1

How long rows are and which run a program is drawn beforehand: most rows are short and some long, and half run one program that sleeps for
--seconds. What the engine computes is real, and as much for each way; only the text that it would write is replaced. Chunks have four times
as many rows as the engine decodes at once, as in the papers' runs. The bare engine is given all requests together, with no program between.

Printed for each way: rows/s; the share of the engine's row-slots that were in use, on average over its time; rows/s against the bare
engine. `benchmarks/library_decoding.py` compares our decoding loop with the one of `transformers`.
"""

import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))

from mathcode import configuration, settings
from mathcode.core import cli, random_streams
from mathcode.interpreter.driver import Interpreter
from mathcode.methods.autocode.form import FORM
from mathcode.rollouts import loop, vllm_engine
from mathcode.rollouts.engines import Completion, Engine, Request, start_engine
from mathcode.rollouts.rows import Row

PROGRAM = "```python\nimport time\ntime.sleep({seconds})\nprint({number})\n```\n```output"
ANSWER = "The answer is \\boxed{1}."


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--model", required=True, help="policy folder")
    parser.add_argument("--engine", choices=("transformers", "vllm"), default="transformers", help="default: transformers")
    parser.add_argument("--rows", type=int, default=256)
    parser.add_argument("--slots", type=int, default=16, help="rows that are decoded at once (16)")
    parser.add_argument("--tokens", type=int, default=32, help="tokens a call writes on average; the longest are eight times as many (32)")
    parser.add_argument("--seconds", type=float, nargs="+", default=[0.0, 0.1, 1.0], help="what a program takes (0 0.1 1)")
    parser.add_argument("--workers", type=int, default=8, help="processes that run programs (8)")
    return parser


@dataclass
class Scripted:
    """An engine that computes what it is asked for and writes what was decided beforehand; it counts its steps and their time."""

    engine: Engine
    calls: dict[int, tuple[int, str]] = field(default_factory=dict)
    """By the seed of a request: its length in tokens, and the text that takes its place."""
    steps: int = 0
    written: int = 0
    seconds: float = 0.0
    _seeds: dict[int, int] = field(default_factory=dict)

    def __post_init__(self):
        self.tokenizer, self.slots = self.engine.tokenizer, self.engine.slots
        owner, name = (self.engine.llm.llm_engine, "step") if hasattr(self.engine, "llm") else (self.engine, "_advance")
        setattr(owner, name, self._counted(getattr(owner, name)))

    def begin(self, calls: dict[int, tuple[int, str]]) -> None:
        self.calls, self.steps, self.written, self.seconds = calls, 0, 0, 0.0

    def _counted(self, step: Callable) -> Callable:
        def counted(*given):
            start = time.perf_counter()
            try:
                return step(*given)
            finally:
                self.steps += 1
                self.seconds += time.perf_counter() - start

        return counted

    def generate(self, requests: list[Request]) -> list[Completion]:
        done = self.engine.generate([self._asked(request) for request in requests])
        return [self._said(request.seed, completion) for request, completion in zip(requests, done, strict=True)]

    def submit(self, request: Request) -> int:
        number = self.engine.submit(self._asked(request))
        self._seeds[number] = request.seed
        return number

    def step(self) -> dict[int, Completion]:
        return {number: self._said(self._seeds.pop(number), completion) for number, completion in self.engine.step().items()}

    def _asked(self, request: Request) -> Request:
        return Request(request.token_ids, request.seed, self.calls[request.seed][0])

    def _said(self, seed: int, completion: Completion) -> Completion:
        self.written += len(completion.token_ids)
        text = self.calls[seed][1]
        ids = self.tokenizer(text, add_special_tokens=False)["input_ids"] + [self.tokenizer.eos_token_id] * (text == ANSWER)
        return Completion(ids, [0.0] * len(ids), "eos" if text == ANSWER else "fence")


def started(args, limits: settings.Engine) -> Engine:
    """The real engine, which ends a row at its length only."""
    vllm_engine.ROWS_AT_ONCE = dict.fromkeys(vllm_engine.ROWS_AT_ONCE, args.slots)
    engine = start_engine(args.model, limits, settings.Sampling(temperature=1.0, top_p=1.0, max_new_tokens=1, max_calls=3))
    engine.slots = args.slots
    if args.engine == "vllm":
        parameters = engine._parameters

        def to_the_end(request: Request):
            chosen = parameters(request)
            chosen.ignore_eos, chosen.stop = True, []
            return chosen

        engine._parameters = to_the_end
    else:
        engine._eos, engine._fence_enders = set(), set()
    return engine


def planned(args, tokenizer, seconds: float) -> tuple[list[Row], dict[int, tuple[int, str]]]:
    """Rows and what their calls are to write."""
    lengths = random.Random(1)

    def length() -> int:
        return max(1, min(8 * args.tokens, round(lengths.lognormvariate(0, 1) * args.tokens / 1.65)))

    rows, calls = [], {}
    for number in range(args.rows):
        prompt = f"What is {number} + {number}?\n"
        row = Row(f"q{number}", "native", 0, random_streams.stream(1, str(number)), prompt, tokenizer(prompt)["input_ids"])
        texts = [PROGRAM.format(seconds=seconds, number=number), ANSWER] if number % 2 else [ANSWER]
        calls |= {random_streams.stream(row.seed, place): (length(), text) for place, text in enumerate(texts)}
        rows.append(row)
    return rows, calls


def bare(engine: Scripted, rows: list[Row]) -> None:
    """All calls at once; the second of a row has its program and output in the prompt already."""
    requests = [Request(row.prompt_ids, random_streams.stream(row.seed, 0), 1) for row in rows]
    for row in (row for row in rows if random_streams.stream(row.seed, 1) in engine.calls):
        said = engine.tokenizer(engine.calls[random_streams.stream(row.seed, 0)][1] + "\n1\n```\n", add_special_tokens=False)["input_ids"]
        requests.append(Request(row.prompt_ids + said, random_streams.stream(row.seed, 1), 1))
    waiting, open_rows = requests[::-1], 0
    while waiting or open_rows:
        while waiting and open_rows < engine.slots:
            engine.submit(waiting.pop())
            open_rows += 1
        open_rows -= len(engine.step())


def timed(way: str, engine: Scripted, rows: list[Row], interpreter: Interpreter, limits: settings.Engine) -> float:
    """Seconds until all rows are written."""
    sampling = settings.Sampling(temperature=1.0, top_p=1.0, max_new_tokens=limits.max_model_len, max_calls=3)
    with tempfile.TemporaryDirectory() as kept:
        start = time.perf_counter()
        if way == "bare":
            bare(engine, rows)
        else:
            chosen = limits.model_copy(update={"continuous_batching": way == "continuous"})
            loop.sample_rollouts([loop.Plan(rows, Path(kept))], engine, interpreter, sampling, chosen, FORM)
        return time.perf_counter() - start


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    run = configuration.load("config").runs["demo"]
    changes = {"name": args.engine, "chunk_rows": args.slots * 4, "max_model_len": 512, "continuous_batching": True}
    limits = run.engine.model_copy(update=changes)
    engine = Scripted(started(args, limits))
    for seconds in args.seconds:
        rates = {}
        for way in ("bare", "continuous", "lockstep"):
            rows, calls = planned(args, engine.tokenizer, seconds)
            engine.begin(calls)
            with Interpreter(run.interpreter.model_copy(update={"workers": args.workers})) as interpreter:
                interpreter.run(["print(1)", "import time\nprint(1)"])  # so that workers have started
                took = timed(way, engine, rows, interpreter, limits)
            rates[way] = args.rows / took
            in_use = engine.written / (engine.steps * args.slots) * engine.seconds / took
            line = {"programs_take": seconds, "way": way, "rows_per_second": round(rates[way], 2), "slots_in_use": round(in_use, 3)}
            print(json.dumps(line | {"of_the_bare_engine": round(rates[way] / rates["bare"], 3), "tokens": engine.written}), flush=True)
    return 0


if __name__ == "__main__":
    cli.run(main)
