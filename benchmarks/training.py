"""How fast a policy is trained, against TRL's trainers, in the same run: an SFT and a DPO training of the same model on the same data.

    python benchmarks/training.py
    python benchmarks/training.py --vocabulary 128000 --prompt 256 --response 64

A Llama with random weights and a large vocabulary learns random tokens: speed does not depend on what they are. Both sides train in
the same precision, on equal batches of equal lengths, with AdamW; only responses are learned. Each of the four trainings runs in a
process of its own, as memory is measured as the most that process ever held, above what it held before its first step. Printed are,
of each, seconds a step (the first two steps left out), tokens a second (prompt and response), memory, and the ratio to TRL, by the
clock and by seconds of all cores together: the latter hold where other programs take a part of the machine.

What to look at: TRL takes all positions of a batch through the head on a CPU, ours those of the response; so the ratio grows with the
prompt's share. `--prompt 8` takes that difference away. DPO: both have the reference model's log-probabilities beforehand.
"""

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))

from mathcode.core import cli

KINDS = ("sft", "dpo")
SIDES = ("ours", "trl")
LEFT_OUT = 2
"""First steps, in which memory is taken and kernels are chosen."""


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--vocabulary", type=int, default=32000)
    parser.add_argument("--prompt", type=int, default=64, help="tokens of a prompt (%(default)s)")
    parser.add_argument("--response", type=int, default=64, help="tokens of a response (%(default)s)")
    parser.add_argument("--batch", type=int, default=8, help="responses, or pairs, of a step (%(default)s)")
    parser.add_argument("--steps", type=int, default=8, help="steps that are timed (%(default)s)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--only", help=f"one training, such as {SIDES[0]}:{KINDS[0]}, its numbers as JSON; what the program calls itself with"
    )
    return parser


def model_of(args):
    """A Llama with random weights, fp32."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    torch.set_num_threads(args.threads)
    heads = {"num_hidden_layers": args.layers, "num_attention_heads": 4, "num_key_value_heads": 4}
    sizes = {"vocab_size": args.vocabulary, "hidden_size": args.hidden, "intermediate_size": 3 * args.hidden, **heads}
    return LlamaForCausalLM(LlamaConfig(**sizes, max_position_embeddings=args.prompt + args.response, use_cache=False, pad_token_id=0))


def rows_of(args, sides: int) -> list[tuple[list[int], ...]]:
    """Prompts of random tokens, each with so many responses."""
    draw = random.Random(1)
    lengths = [args.prompt, *[args.response] * sides]
    return [tuple([draw.randrange(3, args.vocabulary) for _ in range(length)] for length in lengths) for _ in range(args.batch * 4)]


class Clock:
    """Times of the ends of steps, and the memory before the first."""

    def __init__(self):
        self.ends, self.before = [], 0

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
        return {"seconds": seconds, "work": work, "memory": _most_held() - self.before}


def _most_held() -> float:
    """MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def train_ours(args, kind: str, clock: Clock) -> None:
    """The trainer of `mathcode.training`."""
    from mathcode import settings
    from mathcode.training import loop
    from mathcode.training.examples import Example
    from mathcode.training.losses import Likelihood
    from mathcode.training.preferences import DPO, DPONumbers

    made = []
    for number, (prompt, *responses) in enumerate(rows_of(args, 1 + (kind == "dpo"))):
        for side, response in enumerate(responses):
            known = {"reference": [-1.0] * len(response), "pair": number, "side": 1 - side} if kind == "dpo" else {}
            made.append(Example(prompt, response, [True] * len(response), [False] * len(response), **known))
    chosen = settings.Optimizer(
        learning_rate=[1e-5], optimizer="adamw", weight_decay=0, schedule="constant", warmup=0, epochs=(args.steps + LEFT_OUT) / 4,
        batch=args.batch, micro_batch_tokens=10**9, max_tokens=10**9, max_gradient_norm=1, checkpoint_minutes=10**6, threads=args.threads,
    )  # fmt: skip
    step = loop._step

    def timed(*given):
        row = step(*given)
        clock.step()
        return row

    loop._step = timed
    loss = DPO(DPONumbers()) if kind == "dpo" else Likelihood()
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

    words = Tokenizer(models.WordLevel({f"t{number}": number for number in range(args.vocabulary)}, unk_token="t1"))
    rows = rows_of(args, 1 + (kind == "dpo"))
    with tempfile.TemporaryDirectory() as folder:
        how = {
            "output_dir": folder, "per_device_train_batch_size": args.batch, "max_steps": args.steps + LEFT_OUT, "learning_rate": 1e-5,
            "lr_scheduler_type": "constant", "report_to": "none", "use_cpu": True, "bf16": False, "fp16": False, "save_strategy": "no",
            "gradient_checkpointing": False, "disable_tqdm": True, "logging_strategy": "no", "max_length": args.prompt + args.response,
        }  # fmt: skip
        given = {
            "model": model_of(args),
            "processing_class": PreTrainedTokenizerFast(tokenizer_object=words, eos_token="t2", pad_token="t0"),
            "callbacks": [Ticks()],
        }
        if kind == "sft":
            masks = [0] * args.prompt + [1] * args.response
            data = Dataset.from_list([{"input_ids": prompt + response, "completion_mask": masks} for prompt, response in rows])
            trainer = SFTTrainer(args=SFTConfig(**how, packing=False, completion_only_loss=True), train_dataset=data, **given)
        else:
            data = Dataset.from_list([{"prompt": "t3", "chosen": "t4", "rejected": "t5"}])
            config = DPOConfig(**how, precompute_ref_log_probs=True)
            trainer = DPOTrainer(args=config, train_dataset=data, **given)
            known = {"ref_chosen_logps": -float(args.response), "ref_rejected_logps": -float(args.response)}
            names = ("prompt_ids", "chosen_ids", "rejected_ids")
            trainer.train_dataset = Dataset.from_list([dict(zip(names, row, strict=True)) | known for row in rows])
        clock.begin()
        trainer.train()


def main(argv: list[str] | None = None) -> int:
    words = sys.argv[1:] if argv is None else argv
    args = arguments().parse_args(words)
    if args.only:
        side, kind = args.only.split(":")
        clock = Clock()
        {"ours": train_ours, "trl": train_trl}[side](args, kind, clock)
        print(json.dumps(clock.numbers()))
        return 0
    heads = f"{'s/step':>8s} {'tokens/s':>9s} {'MiB':>7s} {'core s/step':>12s} {'ratio to TRL':>13s} {'by core s':>10s}"
    print(f"{'':4s} {'':5s} {heads}", flush=True)
    for kind in KINDS:
        tokens = args.batch * (args.prompt + args.response) * (2 if kind == "dpo" else 1)
        found = {}
        for side in reversed(SIDES):
            done = subprocess.run(
                [sys.executable, __file__, *words, "--only", f"{side}:{kind}"], capture_output=True, text=True, check=False
            )
            if done.returncode:
                sys.stderr.write(done.stderr[-3000:])
                return 1
            found[side] = json.loads(done.stdout.strip().splitlines()[-1])
        for side in SIDES:
            seconds, work, memory = (found[side][name] for name in ("seconds", "work", "memory"))
            ratio, by_work = (found["trl"][name] / found[side][name] for name in ("seconds", "work"))
            numbers = f"{seconds:8.3f} {tokens / seconds:9.0f} {memory:7.0f} {work:12.3f} {ratio:13.2f} {by_work:10.2f}"
            print(f"{kind:4s} {side:5s} {numbers}", flush=True)
    return 0


if __name__ == "__main__":
    cli.run(main)
