"""What can be named in `config/` and in paths: methods, judges and losses, each imported when it is asked for; other names are refused."""

import re
from collections.abc import Collection
from importlib import import_module
from pathlib import Path

from mathcode import methods, settings
from mathcode.core import json_lines
from mathcode.grading import own
from mathcode.methods.method import Method

METHODS: dict[str, Method] = methods.found()
"""Methods that a run may name."""

JUDGES = own.found() | {
    "exact": "mathcode.grading.exact:ExactJudge",
    "executes": "mathcode.grading.executes:ExecutesJudge",
    "lenient": "mathcode.grading.lenient:LenientJudge",
    "math_verify": "mathcode.grading.baselines:MathVerifyJudge",
    "numeric": "mathcode.grading.baselines:NumericJudge",
    "oracle": "mathcode.grading.oracle:OracleJudge",
    "string": "mathcode.grading.baselines:StringJudge",
}
"""Judges by the name they have in paths, yours among them: module and class, made from the section `grading`."""

CRITIC_JUDGES = {"critic": "mathcode.critic.judge:CriticJudge", "cascade": "mathcode.critic.judge:CascadeJudge"}
"""Judges with a critic, by the first word of their names in paths (`critic_NAME`, `cascade_NAME`): made also from the critic's folder."""

LOSSES = {
    "likelihood": ("mathcode.training.losses:Likelihood", None),
    "label": ("mathcode.training.losses:LabelLikelihood", "mathcode.training.losses:LabelNumbers"),
    "dpo": ("mathcode.training.preferences:DPO", "mathcode.training.preferences:DPONumbers"),
    "orpo": ("mathcode.training.preferences:ORPO", "mathcode.training.preferences:ORPONumbers"),
    "paper": ("mathcode.methods.autocode.objective:Paper", "mathcode.methods.autocode.settings:OffPolicy"),
    "released": ("mathcode.methods.autocode.objective:Released", None),
    "released_first": ("mathcode.methods.autocode.objective:ReleasedFirst", None),
}
"""Losses by name: class, and the section of its numbers (None: it has none)."""


def critic_of(judge: str) -> str | None:
    """The critic that a judge's name holds, as `main` of `cascade_main`; None for a judge without one.

    Raises:
        SettingsError: there is no such judge.
    """
    kind, _, critic = judge.partition("_")
    if judge in JUDGES:
        return None
    if kind not in CRITIC_JUDGES or not re.fullmatch(r"[a-z][a-z0-9_]*", critic):
        known = [*JUDGES, *(f"{kind}_NAME" for kind in CRITIC_JUDGES)]
        raise settings.SettingsError(f"unknown judge '{judge}'{settings.meant_or_all(judge, known)}")
    return critic


def make_judge(
    name: str,
    limits: settings.Grading,
    model: str | Path | None = None,
    critic: settings.Critic | None = None,
    kept: Path | None = None,
):
    """A judge (`mathcode.grading.judge.Judge`) by its name in paths, imported when it is asked for.

    Args:
        model: policy folder of the critic in its name.
        critic: how that one judges; None: by its defaults.
        kept: folder in which its scores survive a kill; None: nowhere.

    Raises:
        SettingsError: there is no such judge, or a critic has no model.
    """
    if critic_of(name) is None:
        return _imported(JUDGES[name])(limits)
    if model is None:
        raise settings.SettingsError(f"judge '{name}' needs the model of its critic")
    return _imported(CRITIC_JUDGES[name.partition("_")[0]])(limits, name, model, critic or settings.Critic(), kept)


def make_loss(training: settings.Training):
    """The loss that a training is set to (`mathcode.training.losses.Loss`), imported when it is asked for.

    Raises:
        SettingsError: there is no such loss, or its numbers are not what it takes.
    """
    if training.loss not in LOSSES:
        raise settings.SettingsError(f"unknown loss '{training.loss}'{settings.meant_or_all(training.loss, LOSSES)}")
    kind, numbers = LOSSES[training.loss]
    if numbers is None:
        if training.numbers:
            raise settings.SettingsError(f"loss '{training.loss}' takes no numbers, and '{min(training.numbers)}' was given")
        return _imported(kind)()
    return _imported(kind)(settings.validated(_imported(numbers), training.numbers, f"numbers of loss '{training.loss}'"))


def _imported(path: str) -> type:
    """A class by module:name."""
    module, _, attribute = path.partition(":")
    return getattr(import_module(module), attribute)


def refuse_unknown(name: str, known: Collection[str], where: str, kind: str) -> None:
    """Raise SettingsError for a name that is none of those known, with the nearest one or all of them."""
    if not isinstance(name, str):
        raise settings.SettingsError(f"{where}: expected the name of one {kind}, not {json_lines.kind(name)}")
    if name not in known:
        raise settings.SettingsError(f"{where}: unknown {kind} '{name}'{settings.meant_or_all(name, sorted(known))}")
