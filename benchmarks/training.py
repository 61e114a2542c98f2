"""How fast a policy is trained, against TRL's trainers, in the same run: the same model on the same data, SFT and DPO; and RL beside SFT.

    python benchmarks/training.py
    python benchmarks/training.py --vocabulary 128000 --prompt 256 --response 64
    python benchmarks/training.py --shape 0.5b --dtype bfloat16 --spread 0.8 --steps 3

A Llama with random weights and a large vocabulary learns random tokens: speed does not depend on what they are. Both sides train in
the same precision, on the same responses, with AdamW; only responses are learned. Each training runs in a process of its own, as memory
is measured as the most that process ever held, above what it held before its first step. Printed are, of each, seconds a step (the first
two steps left out), tokens a second (prompt and response, no padding), memory, the ratio to TRL, by the clock and by seconds of all
cores together (the latter hold where other programs take a part of the machine), and the share of the limit: the FLOPs that the loss
needs, against those of a matrix product measured in the same run. `packed` is TRL's SFTTrainer with packing: responses in one row, no
padding. `rl` is AutoCode's loss in our trainer; its ratio is to our SFT.

What to look at: TRL takes all positions of a batch through the head on a CPU, ours those of the response; so the ratio grows with the
prompt's share. `--prompt 8` takes that difference away. DPO: both have the reference model's log-probabilities beforehand. Without
`--spread` all responses are equally long and there is no padding to save.
"""

import json
import math
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))
sys.path.insert(0, str(Path(__file__).parent / "gpu"))

from shapes import SHAPES, Shape
from steps import LOSSES, loss_numbers

from mathcode.core import cli
from mathcode.core.errors import UserError

PEERS = {"ours:sft": ("trl:sft", "trl:packed"), "ours:dpo": ("trl:dpo",), "ours:rl": ("ours:sft",)}
"""Our trainings, and what each is held against."""
LEFT_OUT = 2
"""First steps, in which memory is taken and kernels are chosen."""


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--shape", choices=sorted(SHAPES), help="layers, width and vocabulary of a real model")
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--vocabulary", type=int, default=32000)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32", help="of weights and states (%(default)s)")
    parser.add_argument("--prompt", type=int, default=64, help="tokens of a prompt (%(default)s)")
    parser.add_argument("--response", type=int, default=64, help="tokens of a response (%(default)s)")
    parser.add_argument("--spread", type=float, default=0, help="responses are so much longer or shorter, as a share (%(default)s)")
    parser.add_argument("--batch", type=int, default=8, help="responses, or pairs, of a step (%(default)s)")
    parser.add_argument("--micro-batch-tokens", type=int, default=10**9, help="padded tokens of a forward pass of ours (all of a step)")
    parser.add_argument("--steps", type=int, default=8, help="steps that are timed (%(default)s)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", metavar="TRAINING", help=f"one, such as {next(iter(PEERS))}, its numbers as JSON; how it starts itself")
    return parser


def shape_of(args) -> Shape:
    if args.shape:
        return SHAPES[args.shape]
    return Shape(args.vocabulary, args.hidden, 3 * args.hidden, args.layers, 4, 4, False, args.batch, 0, args.dtype)


def model_of(args):
    """A Llama with random weights."""
    import torch

    torch.set_num_threads(args.threads)
    model = shape_of(args).build(args.dtype, "cpu", pad_token_id=0)
    model.config.use_cache = False
    return model


def rows_of(args, sides: int) -> list[tuple[list[int], ...]]:
    """Prompts of random tokens, each with so many responses."""
    draw, words = random.Random(1), shape_of(args).vocabulary

    def length() -> int:
        return max(1, round(args.response * (1 + draw.uniform(-args.spread, args.spread))))

    lengths = [[args.prompt, *(length() for _ in range(sides))] for _ in range(args.batch * 4)]
    return [tuple([draw.randrange(6, words) for _ in range(count)] for count in row) for row in lengths]


def needed(args, sides: int) -> tuple[float, float]:
    """Tokens of a step on average, and the FLOPs that its loss needs."""
    rows = [(args.prompt + len(response), len(response)) for _, *responses in rows_of(args, sides) for response in responses]
    return sum(tokens for tokens, _ in rows) / 4, shape_of(args).flops(rows) / 4


def limit(args) -> float:
    """FLOP/s of a matrix product in the precision of the weights."""
    import torch

    torch.set_num_threads(args.threads)
    left, right = (torch.randn(2048, 2048, dtype=getattr(torch, args.dtype)) for _ in range(2))
    spent = []
    for _ in range(12):
        start = time.perf_counter()
        left @ right
        spent.append(time.perf_counter() - start)
    return 2 * 2048**3 / sorted(spent)[len(spent) // 2]


class TrainingError(UserError):
    """A training ended with an error."""


class Clock:
    """Times of the ends of steps, and the memory before the first."""

    def __init__(self):
        self.ends, self.before = [], 0
        self.share = 1.0
        """Tokens of a step, as a share of those of `batch` responses."""

    def begin(self) -> None:
        """Training is about to begin."""
        self.before = _most_held()

    def step(self) -> None:
        """A step has ended."""
        self.ends.append((time.perf_counter(), time.process_time()))

    def numbers(self) -> dict[str, float]:
        """Seconds a step, on the clock and on all cores; MiB."""
        first, last, steps = self.ends[LEFT_OUT - 1], self.ends[-1], len(self.ends) - LEFT_OUT
        seconds, work = ((end - begin) / steps for begin, end in zip(first, last, strict=True))
        return {"seconds": seconds, "work": work, "memory": _most_held() - self.before, "share": self.share}


def _most_held() -> float:
    """MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def train_ours(args, kind: str, clock: Clock) -> None:
    """The trainer of `mathcode.training`."""
    from mathcode import configuration, settings
    from mathcode.training import loop
    from mathcode.training.examples import Example

    made = []
    for number, (prompt, *responses) in enumerate(rows_of(args, 1 + (kind == "dpo"))):
        for side, response in enumerate(responses):
            told = {} if kind == "sft" else {"reference": [-math.log(shape_of(args).vocabulary)] * len(response)}
            told |= {"sft": {}, "dpo": {"pair": number, "side": 1 - side}, "rl": {"advantage": 1.0, "reward": 1.0}}[kind]
            cue = [kind == "rl" and place < 4 for place in range(len(response))]
            made.append(Example(prompt, response, [True] * len(response), cue, **told))
    chosen = settings.Optimizer(
        learning_rate=[1e-5], optimizer="adamw", weight_decay=0, schedule="constant", warmup=0, epochs=1, steps=args.steps + LEFT_OUT,
        batch=args.batch, micro_batch_tokens=args.micro_batch_tokens, max_tokens=10**9, max_gradient_norm=1, checkpoint_minutes=10**6,
        threads=args.threads,
    )  # fmt: skip
    step = loop._step

    def timed(*given):
        row = step(*given)
        clock.step()
        return row

    loop._step = timed
    loss = configuration.make_loss(settings.Training(loss=LOSSES[kind], numbers=loss_numbers(kind), optimizer=chosen))
    clock.begin()
    with tempfile.TemporaryDirectory() as folder:
        loop.train(model_of(args), 0, made, loss, chosen=chosen, iteration=0, checkpoints=Path(folder), seed=1)


def train_trl(args, kind: str, clock: Clock) -> None:
    """The peer: `SFTTrainer` or `DPOTrainer` of TRL."""
    from datasets import Dataset
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast, TrainerCallback
    from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

    class Ticks(TrainerCallback):
        def on_step_end(self, *_, **__):
            clock.step()

    words = Tokenizer(models.WordLevel({f"t{number}": number for number in range(shape_of(args).vocabulary)}, unk_token="t1"))
    rows = rows_of(args, 1 + (kind == "dpo"))
    longest = args.prompt + max(len(response) for _, *responses in rows for response in responses)
    with tempfile.TemporaryDirectory() as folder:
        how = {
            "output_dir": folder, "per_device_train_batch_size": args.batch, "max_steps": args.steps + LEFT_OUT, "learning_rate": 1e-5,
            "lr_scheduler_type": "constant", "report_to": "none", "use_cpu": True, "bf16": False, "fp16": False, "save_strategy": "no",
            "gradient_checkpointing": False, "disable_tqdm": True, "logging_strategy": "no", "max_length": longest,
        }  # fmt: skip
        if kind == "packed":  # a step is one row
            how |= {"per_device_train_batch_size": 1, "max_length": max(longest, math.ceil(needed(args, 1)[0]))}
        given = {
            "model": model_of(args),
            "processing_class": PreTrainedTokenizerFast(tokenizer_object=words, eos_token="t2", pad_token="t0"),
            "callbacks": [Ticks()],
        }
        if kind == "dpo":
            data = Dataset.from_list([{"prompt": "t3", "chosen": "t4", "rejected": "t5"}])
            config = DPOConfig(**how, precompute_ref_log_probs=True)
            trainer = DPOTrainer(args=config, train_dataset=data, **given)
            known = {"ref_chosen_logps": -float(args.response), "ref_rejected_logps": -float(args.response)}
            names = ("prompt_ids", "chosen_ids", "rejected_ids")
            trainer.train_dataset = Dataset.from_list([dict(zip(names, row, strict=True)) | known for row in rows])
        else:
            data = [
                {"input_ids": prompt + response, "completion_mask": [0] * len(prompt) + [1] * len(response)} for prompt, response in rows
            ]
            config = SFTConfig(**how, packing=kind == "packed", completion_only_loss=True)
            trainer = SFTTrainer(args=config, train_dataset=Dataset.from_list(data), **given)
        if kind == "packed":
            clock.share = 4 / len(trainer.train_dataset)
        clock.begin()
        trainer.train()


def measured(words: list[str], training: str) -> dict[str, float]:
    """The numbers of one training.

    Raises:
        TrainingError: it failed.
    """
    done = subprocess.run([sys.executable, __file__, *words, "--only", training], capture_output=True, text=True, check=False)
    if done.returncode:
        raise TrainingError(f"{training} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def main(argv: list[str] | None = None) -> int:
    words = sys.argv[1:] if argv is None else argv
    args = arguments().parse_args(words)
    if args.only:
        side, kind = args.only.split(":")
        clock = Clock()
        {"ours": train_ours, "trl": train_trl}[side](args, kind, clock)
        print(json.dumps(clock.numbers()))
        return 0
    reached = limit(args)
    print(f"matrix product, {args.dtype}: {reached / 1e9:.0f} GFLOP/s")
    print(f"{'':11s} {'s/step':>8s} {'tokens/s':>9s} {'of limit':>9s} {'MiB':>7s} {'core s/step':>12s}  ratio (by core s)", flush=True)
    found = {}
    for training, peers in PEERS.items():
        for name in (*peers, training):
            if name in found:
                continue
            tokens, flops = needed(args, 1 + name.endswith("dpo"))
            found[name] = row = measured(words, name)
            row["rate"], row["work_rate"] = (tokens * row["share"] / row[spent] for spent in ("seconds", "work"))
            of_limit = flops / tokens * row["rate"] / reached
            line = f"{row['seconds']:8.3f} {row['rate']:9.0f} {of_limit:9.2f} {row['memory']:7.0f} {row['work']:12.3f}"
            against = [
                f"{row['rate'] / found[peer]['rate']:.2f} ({row['work_rate'] / found[peer]['work_rate']:.2f}) x {peer}"
                for peer in (peers if name == training else ())
            ]
            print(f"{name:11s} {line}  {', '.join(against)}", flush=True)
    return 0


if __name__ == "__main__":
    cli.run(main)
