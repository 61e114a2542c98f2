"""Training steps of each loss on a model with random weights, taken by the project's own trainer (`mathcode.training.loop.train`).

Random tokens in prompts and responses of random lengths: speed does not depend on what they say.
"""

import math
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import cards
import shapes

WARM_UP = 2
"""First steps, in which memory is taken and kernels are chosen: not counted."""
WANTED, LEAST = 8, 2
"""Steps that are timed, and how many of them must be before the time of a part ends it."""
SMALLEST_MICRO_BATCH = 1024
PROMPT, RESPONSE = (64, 192), (128, 640)
"""Fewest and most tokens."""
LOSSES = {"sft": "likelihood", "lora": "likelihood", "rl": "paper", "dpo": "dpo"}
LORA = {"rank": 16, "alpha": 32}
"""As that of the family qwen25coder_05b."""


class Enough(Exception):
    """As many steps as there was time, or need, for."""


def measure(job, shape: str, kind: str) -> dict:
    """Speed, use of the card and memory of steps of one kind: sft, rl (the loss `paper`), dpo or lora (sft through adapters)."""
    form = job.shapes[shape]
    return fitting(lambda tokens: _measure(job, form, kind, tokens), form.micro_batch_tokens)


def fitting(work: Callable[[int], dict], tokens: int) -> dict:
    """What `work` makes of so many tokens of a micro-batch, or where memory is short of half of them, and so on."""
    import torch

    while True:
        try:
            return work(tokens)
        except torch.OutOfMemoryError:
            if tokens <= SMALLEST_MICRO_BATCH:
                raise
        tokens //= 2
        cards.forget()  # outside of the clause: the error holds what was in memory


def _measure(job, form: shapes.Shape, kind: str, micro_batch_tokens: int) -> dict:
    from mathcode import configuration, settings
    from mathcode.policies import adapters
    from mathcode.training import loop

    lora = settings.Lora(**LORA) if kind == "lora" else None
    family = settings.Family(
        label="random weights", precondition="sft", prompt="plain", lora=lora,
        train_dtype="bfloat16" if lora else form.train_dtype, mixed_precision="bf16",
    )  # fmt: skip
    examples = made(form, kind, job.tiny)
    chosen = optimizer(form, WARM_UP + WANTED, micro_batch_tokens)
    loss = configuration.make_loss(settings.Training(loss=LOSSES[kind], numbers=loss_numbers(kind), optimizer=chosen))
    cards.forget()
    model = adapters.trainable(form.build(family.train_dtype, job.device), family, 0)
    count = {"parameters": model.num_parameters(), "trained": sum(one.numel() for one in model.parameters() if one.requires_grad)}
    clock = Clock(job.seconds)
    with watched(clock), tempfile.TemporaryDirectory() as folder:
        how = {"chosen": chosen, "iteration": 0, "checkpoints": Path(folder), "seed": 1, "mixed_precision": family.mixed_precision}
        with suppress(Enough):
            loop.train(model, 0, examples, loss, **how)
    lengths = [(example.length, sum(example.loss_mask)) for example in examples]
    per_token = form.flops(lengths, frozen=kind == "lora") / sum(tokens for tokens, _ in lengths)
    speed = clock.numbers()
    return {
        **speed, "flops_per_second": speed["tokens_per_second"] * per_token, "peak_memory_gb": cards.peak_memory_gb(),
        "micro_batch_tokens": micro_batch_tokens, "weights": family.train_dtype, **count,
        "recomputed": bool(getattr(model, "is_gradient_checkpointing", False)),
    }  # fmt: skip


def loss_numbers(kind: str) -> dict:
    """What the losses are set to: that of the run `paper`, DPO's defaults."""
    from mathcode import configuration, paths

    if kind != "rl":
        return {}
    run = configuration.load(Path(__file__).parents[2] / "config").runs["paper"]
    return configuration.METHODS[run.method].training(run, paths.trained("main/deepseekmath/seed1/iter1")).numbers


def optimizer(form: shapes.Shape, steps: int, micro_batch_tokens: int, rate: float = 1e-5):
    """AdamW at a constant rate, no checkpoint on the way."""
    from mathcode import settings

    return settings.Optimizer(
        learning_rate=[rate], optimizer="adamw", weight_decay=0, schedule="constant", warmup=0.1, epochs=1, steps=steps,
        batch=form.batch, micro_batch_tokens=micro_batch_tokens, max_tokens=shapes.POSITIONS, max_gradient_norm=1,
        checkpoint_minutes=10**6, threads=1,
    )  # fmt: skip


def made(form: shapes.Shape, kind: str, tiny: bool) -> list:
    """Rows for four steps. The reference of RL and DPO is what random weights give: every token as likely as any."""
    from mathcode.training.examples import Example

    draw, shrink = random.Random(1), 16 if tiny else 1
    sides = (1, 0) if kind == "dpo" else (1,)
    rows = []
    for number in range(4 * form.batch):
        prompt = _tokens(draw, draw.randint(*PROMPT) // shrink, form)
        for side in sides:
            response = _tokens(draw, draw.randint(*RESPONSE) // shrink, form)
            known = {"reference": [-math.log(form.vocabulary)] * len(response)} if kind in ("rl", "dpo") else {}
            known |= {"pair": number, "side": side} if kind == "dpo" else {}
            known |= {"advantage": draw.choice((-1.0, 1.0)), "reward": 1.0} if kind == "rl" else {}
            marked = [kind == "rl" and place < 4 for place in range(len(response))]
            rows.append(Example(prompt, response, [True] * len(response), marked, **known))
    return rows


def _tokens(draw: random.Random, count: int, form: shapes.Shape) -> list[int]:
    return [draw.randrange(3, form.vocabulary) for _ in range(count)]


class Clock:
    """When steps ended, how many tokens each had, and the losses.

    Args:
        seconds: after so many, counted from the first timed step, `LEAST` steps are enough.
        learned: so are they at a loss below this.
    """

    def __init__(self, seconds: float, learned: float = -math.inf):
        self._seconds, self._learned = seconds, learned
        self._ends, self._tokens, self._losses = [], [], []

    def step(self, row: dict, tokens: int) -> None:
        """A step has ended.

        Raises:
            Enough: there is no time for another, or no need.
        """
        self._ends.append(cards.now())
        self._tokens.append(tokens)
        self._losses.append(row["loss"])
        timed = len(self._ends) - WARM_UP
        if timed >= LEAST and (self._ends[-1] - self._ends[WARM_UP - 1] > self._seconds or row["loss"] < self._learned):
            raise Enough

    def numbers(self) -> dict:
        """Tokens a second (prompt and response, no padding) and what else the steps tell."""
        seconds, timed = self._ends[-1] - self._ends[WARM_UP - 1], self._tokens[WARM_UP:]
        return {
            "tokens_per_second": sum(timed) / seconds, "seconds_per_step": seconds / len(timed), "steps": len(timed),
            "tokens_per_step": sum(timed) / len(timed), "loss_first": self._losses[0], "loss_last": self._losses[-1],
        }  # fmt: skip


@contextmanager
def watched(clock: Clock) -> Iterator[None]:
    """Within, the trainer tells the clock of its steps, as it tells its trackers."""
    from mathcode.training import loop

    class Watched(loop.Tracking):
        def step(self, row, tokens):
            super().step(row, tokens)
            clock.step(row, tokens)

    before, loop.Tracking = loop.Tracking, Watched
    try:
        yield
    finally:
        loop.Tracking = before
