"""What `config/` may say, section by section: frozen, validated, one line of JSON on a command line.

Sections that one method alone reads stand with it (`mathcode.methods.*.settings`); `mathcode.configuration` merges and checks them.
"""

from mathcode.settings.costs import Costs, Device, Figure, Lengths, Rate, Start, Task
from mathcode.settings.critic import Cases, CaseSet, Critic, CriticPrompt, CriticRow
from mathcode.settings.execution import Extraction, Grading, Interpreter, IsolationLevel
from mathcode.settings.kernels import KERNELS, Kernels
from mathcode.settings.model import Family, LearnsFrom, Lora, Scratch
from mathcode.settings.optimization import Optimizer, Training
from mathcode.settings.pools import POOLS, Pool, PoolName, refuse_overlaps
from mathcode.settings.resources import Ask, Partitions, Resources
from mathcode.settings.run import Build, Data, Evaluate, Experiment, Explore, Run
from mathcode.settings.sampling import Engine, Sampling
from mathcode.settings.section import (
    IDLE,
    Name,
    PositiveInt,
    PositiveNumber,
    Section,
    SettingsError,
    deciding,
    dumps,
    everything,
    fingerprint,
    meant,
    meant_or_all,
    merge,
    misnamed,
    names_at,
    of_options,
    parse,
    parse_yaml,
    untold,
    validated,
    write,
)
from mathcode.settings.sources import COLUMNS, Columns, Dataset, Source, SourceFile, Sources

__all__ = [
    "COLUMNS", "IDLE", "KERNELS", "POOLS", "Ask", "Build", "CaseSet", "Cases", "Columns", "Costs", "Critic", "CriticPrompt",
    "CriticRow", "Data", "Dataset", "Device", "Engine", "Evaluate", "Experiment", "Explore", "Extraction", "Family", "Figure",
    "Grading", "Interpreter", "IsolationLevel", "Kernels", "LearnsFrom", "Lengths", "Lora", "Name", "Optimizer", "Partitions", "Pool",
    "PoolName", "PositiveInt", "PositiveNumber", "Rate", "Resources", "Run", "Sampling", "Scratch", "Section", "SettingsError",
    "Source", "SourceFile", "Sources", "Start", "Task", "Training", "deciding", "dumps", "everything", "fingerprint", "meant",
    "meant_or_all", "merge", "misnamed", "names_at", "of_options", "parse", "parse_yaml", "refuse_overlaps", "untold", "validated",
    "write",
]  # fmt: skip
