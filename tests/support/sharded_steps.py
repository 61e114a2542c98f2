"""Three optimiser steps of RL on a policy, whole or spread over the processes of a launch by torch's own full sharding.

    python -m torch.distributed.run --standalone --nproc_per_node 2 tests/support/sharded_steps.py FOLDER POLICY TRAIN [bf16]

accelerate's sharding silently becomes plain data parallelism on CPUs, so a test uses what it is built on. FOLDER holds the tables
`training` and `logprobs`, TRAIN is JSON of the train section; with bf16 the shards compute as the trainer has them do, and a whole policy
as bf16 weights do. The first process prints JSON: losses, the sum of each gathered weight, the first log-probabilities.
"""

import json
import sys
from pathlib import Path

import torch
import torch.distributed as dist
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor

from mathcode import settings, tables
from mathcode.methods.autocode import objective
from mathcode.methods.autocode.settings import Train
from mathcode.policies import folders, scoring
from mathcode.training import examples, losses, processes


def main(folder: Path, policy: str, train: str, precision: str = "no") -> None:
    torch.set_num_threads(1)
    chosen = settings.parse(Train, train)
    training, logprobs = tables.TRAINING.read(folder / "training.parquet"), tables.LOGPROBS.read(folder / "logprobs.parquet")
    tokenizer, model = folders.load_tokenizer(policy), folders.load_policy(policy, "float32")
    compute, totals, first = objective.Paper(chosen), [], []
    responses = examples.from_table(training, logprobs, tokenizer, compute)[:16]
    rank, world = 0, 1
    if dist.is_torchelastic_launched():
        dist.init_process_group("gloo")
        rank, world = dist.get_rank(), dist.get_world_size()
        how = {"mp_policy": processes.bf16_shards()} if precision == "bf16" else {}
        for layer in model.model.layers:
            fully_shard(layer, **how)
        fully_shard(model, **how)
        assert all(isinstance(weight, DTensor) for weight in model.parameters()), "nothing is sharded"
    elif precision == "bf16":
        model = model.bfloat16()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    for _ in range(3):
        shown = responses[rank::world]
        logp = scoring.token_logprobs(model, shown, tokenizer.pad_token_id)
        first = first or logp.detach().flatten().tolist()
        loss = compute(logp, losses.batch_of(shown, logp.device)).value
        (loss * world / len(responses)).backward()  # gradients are averaged over the processes
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        total = loss.detach().clone()
        if world > 1:
            dist.all_reduce(total)
        totals.append(total.item() / len(responses))
    weights = get_model_state_dict(model, options=StateDictOptions(full_state_dict=True, cpu_offload=True))
    if rank == 0:
        sums = {name: weight.double().abs().sum().item() for name, weight in weights.items()}
        print(json.dumps({"losses": totals, "weights": sums, "logp": first}))
    if world > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
