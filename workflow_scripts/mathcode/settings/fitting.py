"""What a run asks of its models and its machines fits them. Each check raises SettingsError, naming the key."""

from collections.abc import Iterable, Mapping

from mathcode.settings.model import Family
from mathcode.settings.optimization import Optimizer
from mathcode.settings.resources import Resources
from mathcode.settings.run import Run
from mathcode.settings.section import SettingsError

TRAINING = ("start", "train", "preference", "critic")
"""Stages whose jobs train."""


def check_families(run: Run, families: Mapping[str, Family], of_critics: Mapping[str, Family], begins_with_sft: bool) -> None:
    """What families are first trained on is there, and a model from scratch is long enough for what is sampled.

    Args:
        families: those that the run builds.
        of_critics: those of its critics.
        begins_with_sft: whether every policy of the run's method learns from SFT data.
    """
    for name, family in {**families, **of_critics}.items():
        if family.pretrained and not begins_with_sft:
            raise SettingsError(f"family '{name}' is pretrained first (key 'pretrained'), which method '{run.method}' does for none")
        if family.pretrained and not run.data.pretraining:
            raise SettingsError(f"key 'data.pretraining' is empty, and family '{name}' is pretrained (key 'pretrained')")
    for name, family in families.items():
        if family.precondition == "none" and begins_with_sft:
            raise SettingsError(
                f"key 'build.families': '{name}' has the precondition 'none', and method '{run.method}' begins with SFT: it must be 'sft'"
            )
        if family.precondition == "sft" and not run.data.sft:
            raise SettingsError(f"key 'data.sft' is empty, and family '{name}' is fine-tuned first (key 'precondition')")
        if family.scratch and run.engine.max_model_len > family.scratch.positions:
            raise SettingsError(
                f"key 'engine.max_model_len' is {run.engine.max_model_len}; family '{name}' has {family.scratch.positions} positions"
                " (key 'scratch.positions')"
            )


def check_sampling(run: Run) -> None:
    """Jobs that do not train get what they can use: one node, and as many GPUs as their engines share out evenly."""
    for stage in Resources.model_fields:
        if stage not in ("default", *TRAINING) and run.resources.of(stage).nodes > 1:
            raise SettingsError(f"key 'resources.{stage}.nodes': only training takes several nodes: take 1, and more shards")
    size = run.engine.tensor_parallel
    for stage in ("explore", "evaluate"):
        if (gpus := run.resources.of(stage).gpus) % size:
            raise SettingsError(f"key 'resources.{stage}.gpus' is {gpus}, and an engine takes {size} GPUs (engine.tensor_parallel)")


def check_sharding(run: Run, families: Mapping[str, Family], optimizers: Iterable[Optimizer]) -> None:
    """What cannot be trained where several GPUs share the weights (mathcode.training.processes) is not asked of them.

    Args:
        families: those of the run's policies and critics.
        optimizers: all of its optimisations.
    """
    unused = {"preference": not getattr(run, "preferences", ()), "critic": not run.critics}
    stages = [stage for stage in TRAINING if not unused.get(stage)]
    if all(not ask.gpus or ask.gpus * ask.nodes == 1 for ask in map(run.resources.of, stages)):
        return
    training = ", ".join(f"resources.{stage}" for stage in stages)
    for name, family in families.items():
        if family.lora:
            raise SettingsError(f"LoRA adapters of family '{name}' need the whole model: take gpus: 1 and nodes: 1 ({training})")
    if any(chosen.optimizer == "muon" for chosen in optimizers):
        raise SettingsError(f"optimizer muon needs whole matrices: take adamw, or gpus: 1 and nodes: 1 ({training})")
