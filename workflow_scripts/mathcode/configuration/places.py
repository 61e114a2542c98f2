"""Where a run's policies stand, how they are made, and what the run fetches."""

import re
from pathlib import Path

from mathcode import paths
from mathcode.configuration.config import Config
from mathcode.core.errors import InputError
from mathcode.paths import Policy


def located(model: Path, config: Config) -> tuple[str, Policy]:
    """Run and policy of a policy folder, results/RUN/POLICY/model.

    Raises:
        InputError: it is no policy of a run that is configured.
    """
    for path in (model.absolute(), model.resolve()):  # `results` may be a link to another disk, and so may the folder itself
        found = re.search(r".*/results/(\w+)/([\w/]+)/model/?$", path.as_posix())
        try:
            run, policy = (found[1], Policy.parse(found[2])) if found else ("", None)
        except ValueError:
            continue
        if policy is not None and run in config.runs and policy.family in config.families:
            return run, policy
    raise InputError(f"{model}: no policy of a configured run; such a folder is results/RUN/POLICY/model")


def policy_pattern(config: Config, run: str) -> str:
    """Regular expression of the paths of a run's policies."""
    chosen = config.runs[run]
    return paths.policy_pattern(config.families, chosen.experiments, getattr(chosen, "preferences", ()))


def how_to_build(config: Config, run: str, policy: Policy) -> str:
    """The command that makes a policy of a run, in words; for one that no rule makes, that there is none."""
    if re.fullmatch(policy_pattern(config, run), str(policy)) and (policy.iteration or policy.experiment in config.method(run).kinds):
        return f"build it with: snakemake --profile local {paths.in_run(run, paths.model(policy))}"
    return f"run '{run}' makes no policy '{policy}': the Snakefile lists, at its top, the paths that exist"


def needed(config: Config, run: str) -> tuple[list[str], list[str]]:
    """What a run is made of: raw sources, and families whose base model is fetched, each sorted by name."""
    chosen, sources = config.runs[run], config.sources
    case_sets = [chosen.case_sets[name] for name in getattr(chosen.build, "case_sets", chosen.case_sets)]
    benchmarks = {*chosen.build.benchmarks, *chosen.data.guard, *(name for row in case_sets for name in row.queries)}
    queries = {*chosen.data.explored}
    families = {*chosen.build.families, *(row.family for row in chosen.critics.values())}
    solutions = {*chosen.data.sft, *chosen.data.pretraining}
    labelled = {name for row in case_sets for name in row.labelled}
    groups = [(sources.benchmarks, benchmarks), (sources.queries, queries), (sources.sft, solutions), (sources.cases, labelled)]
    raw = {group[name].source for group, names in groups for name in names}
    return sorted(raw), sorted(name for name in families if not config.families[name].scratch)
