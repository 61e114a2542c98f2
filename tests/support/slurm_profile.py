"""The SLURM profile as its comments tell a user to edit it, in a checkout with a small run, and Snakemake through it."""

import re
from pathlib import Path

from support import slurm_cluster
from support.checkout import BIN, copied
from support.running import ROOT, warm_folder

EAGER = ("python", str(ROOT / "tests/support/eager_snakemake.py"))
"""Snakemake: a test cannot wait as long between two looks at a job as a real cluster wants it."""


def checkout_for(folder: Path, small: str, accounting: bool = True) -> Path:
    """A fresh checkout with the run `small`, its profile edited for a cluster with accounting or without."""
    copied(folder)
    (folder / "config/runs/small.yaml").write_text(small)
    edited(folder, r"^(  slurm_account: )\w+(  # EDIT)", rf"\g<1>{slurm_cluster.ACCOUNT}\g<2>", 1)
    if not accounting:
        edited(folder, r"^# (slurm-status-command|slurm-no-account)", r"\1", 2)
    return folder


def edited(folder: Path, pattern: str, text: str, times: int) -> None:
    """Edit the profile of a checkout in as many places."""
    profile = folder / "slurm/config.v8+.yaml"
    content, count = re.subn(pattern, text, profile.read_text(), flags=re.MULTILINE)
    assert count == times
    profile.write_text(content)


def command(*more: str, target: str = "small") -> list[str]:
    return [*EAGER, target, "--profile", "slurm", "--latency-wait", "10", *more]


def on(cluster: slurm_cluster.Cluster) -> dict[str, str]:
    """Environment of a user of the cluster.

    Jobs that do not train start warm, since most of a short one is its imports; those that train do not, since
    control groups hold the processes of a job only if it started them.
    """
    known = cluster.environment
    return known | {"PATH": known["PATH"].replace(":", f":{warm_folder()}:{BIN}:", 1), "COLD": "train_"}
