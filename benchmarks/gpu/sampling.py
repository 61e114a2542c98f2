"""Sampling through the project's engines, programs executed: rows and tokens a second.

A policy with random weights writes no program. So one of the small shape is taught first, from random weights, on generated sums: it
learns to write short programs within seconds on a GPU, and how many it wrote is measured too. The large one stays untaught: its rows
have full length.
"""

import math
import os
import tempfile
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import cards
import steps

from mathcode.interpreter.driver import Interpreter

VOCABULARY = 460
"""Of the tokenizer, as in the run `demo`; the model's is its shape's."""
FAMILIES = {"small": 0.5, "bill": 0.5}
"""Of generated problems, and the share of each."""
LEARNED = 0.2
"""Nats a token at which teaching ends: what programs say follows from the question."""


class Untaught(Exception):
    """There is no policy to sample from."""


def records(split: str, rows: int) -> list[tuple[str, dict]]:
    """Generated problems, each with its place."""
    from mathcode.data import arithmetic

    programs = {"code_share": dict.fromkeys(FAMILIES, 1.0)} if split == "sft" else {}
    generated = arithmetic.generate({"split": split, "rows": rows, "seed": 1, "mix": FAMILIES, **programs})
    return [(f"{split} {number}", record) for number, record in enumerate(generated)]


def pairs(rows: int):
    """Table `sft`: problems with a program each."""
    from mathcode.data import sft

    return sft.table("arithmetic_sft", records("sft", rows), "arithmetic", None, _none_to_run)


def _none_to_run() -> Interpreter:
    raise AssertionError("generated programs print the answer by construction: none is executed")


def queries(rows: int):
    """Table `queries`: problems of another split."""
    from mathcode.data import queries, text
    from mathcode.data.readers import QUERY_READERS

    return queries.benchmark_table("arithmetic_test", text.read_all(records("test", rows), QUERY_READERS, "arithmetic"))


def start_settings(optimizer):
    """How pairs are shown: all dictated."""
    from mathcode.methods.autocode.settings import Start

    return Start(optimizer=optimizer, native_share=0, native_code_share=0)


def tokenizer_of(table):
    from mathcode.methods.autocode import demonstrations
    from mathcode.methods.autocode.form import FORM
    from mathcode.policies import scratch

    return scratch.build_tokenizer(demonstrations.texts(table, "plain"), VOCABULARY, FORM.phrases)


def teach(job, shape: str) -> tuple[object, object, dict]:
    """A model of the shape that has learned to write programs, its tokenizer, and how it went."""
    from mathcode.methods.autocode import demonstrations
    from mathcode.training import examples, loop
    from mathcode.training.losses import Likelihood

    form, table = job.shapes[shape], pairs(400 if job.tiny else 2000)
    tokenizer = tokenizer_of(table)
    chosen = steps.optimizer(form, 240 if job.tiny else 600, form.micro_batch_tokens, rate=5e-3 if job.tiny else 3e-4)
    shown = demonstrations.demonstrations(table, tokenizer, "plain", start_settings(chosen), 1)
    loss, begun = Likelihood(), time.monotonic()
    model = form.build("float32", job.device, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)
    clock = steps.Clock(job.seconds, LEARNED)
    with steps.watched(clock), tempfile.TemporaryDirectory() as folder:
        how = {"chosen": chosen, "iteration": 0, "checkpoints": Path(folder), "seed": 1, "mixed_precision": "bf16"}
        with suppress(steps.Enough):
            loop.train(model, tokenizer.pad_token_id, examples.from_table(shown, None, tokenizer, loss), loss, **how)
    told = clock.numbers()
    return model, tokenizer, {"taught_steps": told["steps"], "taught_seconds": time.monotonic() - begun, "loss_last": told["loss_last"]}


class CountingInterpreter(Interpreter):
    """An interpreter that counts the programs that ended."""

    programs, right = 0, 0

    def poll(self, wait: bool = False) -> dict:
        ended = super().poll(wait)
        self.programs += len(ended)
        self.right += sum(execution.outcome == "ok" for execution in ended.values())
        return ended


SLOTS, ROWS = 256, 1024
"""Rows that an engine decodes at once, as vLLM does in runs, and rows to be sampled: some enter only when others have left."""


def measure(job, shape: str, engine: str) -> dict:
    """Rollouts in mode `code` through one engine, as runs on GPUs sample them: rows come and go, and the nucleus is cut. It ends when all
    rows have, or when the time is up, with those that have."""
    from mathcode import configuration
    from mathcode.rollouts.engines import start_engine

    folder = job.policy(shape)
    if not folder.is_dir():
        raise Untaught(f"there is no policy of this shape yet: the part policy-{shape} comes first")
    runs = configuration.load(Path(__file__).parents[2] / "config").runs
    demo, run = runs["demo"], runs["paper"]
    slots, rows, samples = (8, 32, 2) if job.tiny else (SLOTS, ROWS, 8)
    limits = {"name": engine, "dtype": "bfloat16", "chunk_rows": slots, "threads": 2, "max_model_len": 160 if job.tiny else 1024}
    chosen = run.engine.model_copy(update=limits)
    sampling = run.explore.sampling.model_copy(update={"max_new_tokens": 40 if job.tiny else 256})
    workers = min(16, os.cpu_count() or 1)
    cards.forget()
    begun = time.monotonic()
    started = start_engine(str(folder), chosen, sampling)
    loading = time.monotonic() - begun
    with CountingInterpreter(demo.interpreter.model_copy(update={"workers": workers, "isolation": "process"})) as interpreter:
        sampled(started, interpreter, sampling, chosen, queries(4), range(1), math.inf)  # kernels and workers are there
        interpreter.programs, interpreter.right = 0, 0
        told = sampled(started, interpreter, sampling, chosen, queries(rows // samples), range(samples), job.seconds)
        programs = {"programs": interpreter.programs, "programs_ok": interpreter.right}
        programs["isolation"] = interpreter.isolation
    return {**told, **programs, "loading_seconds": loading, "slots": started.slots, "peak_memory_gb": cards.peak_memory_gb()}


def sampled(engine, interpreter, sampling, limits, table, samples: range, seconds: float) -> dict:
    """Rows and tokens a second of the rows, or turns of them, that ended before the time was up."""
    from mathcode.configuration import METHODS
    from mathcode.rollouts import continuous, rows, turns

    prompt = partial(METHODS["autocode"].prompt, "plain", "code")
    planned = rows.plan_rows(table, "code", samples, 1, prompt, engine.tokenizer, limits.max_model_len - 1)
    watched = Watched(engine, seconds)
    chunks, how = {Path("all"): planned}, turns.Turns(engine.tokenizer, interpreter, sampling, limits)
    with suppress(steps.Enough):
        continuous.sample(chunks, watched, how, lambda path: None, watched.progress)
    return watched.numbers()


class Watched:
    """An engine that counts what has ended, and stops within a call when its time is up.

    Time is counted up to the last end of a turn: what was begun after it is in none of the numbers.
    """

    def __init__(self, engine, seconds: float):
        self._engine, self._begun = engine, cards.now()
        self._end, self._last = self._begun + seconds, self._begun
        self.slots, self._inside, self._rows, self._tokens, self._in_use = engine.slots, 0, 0, 0, 0.0

    def submit(self, request) -> int:
        self._inside += 1
        return self._engine.submit(request)

    def step(self) -> dict:
        """A step of the engine.

        Raises:
            Enough: there is no time for another.
        """
        begun = cards.now()
        if begun > self._end:
            raise steps.Enough
        completions = self._engine.step()
        ended = cards.now()
        self._in_use += self._inside * (ended - begun)
        self._inside -= len(completions)
        self._tokens += sum(len(completion.token_ids) for completion in completions.values())
        self._last = ended if completions else self._last
        return completions

    def progress(self, rows: int) -> None:
        self._rows += rows

    def numbers(self) -> dict:
        spent, watched = self._last - self._begun, cards.now() - self._begun
        rates = {"rows_per_second": self._rows / spent, "tokens_per_second": self._tokens / spent} if self._tokens else {}
        length = {"tokens_per_row": self._tokens / self._rows} if self._rows else {}
        return {"rows": self._rows, **rates, **length, "slots_percent": 100 * self._in_use / (self.slots * watched)}
