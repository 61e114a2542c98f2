"""Finished runs, or policies of them, held against the first one: on the items they share, with intervals, and which claims moved.

What is compared is what both have: the same policy, mode, benchmark and judge of a run; of policies, mode, benchmark and judge alone.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

import polars as pl

from mathcode import paths, tables
from mathcode.core.errors import UserError
from mathcode.measures import outcomes, uncertainty
from mathcode.report import effects, summary
from mathcode.report.columns import Columns
from mathcode.report.results import aligned
from mathcode.report.rows import hundred, percent, rounded, significant

Measured = tuple[str, str, str, str]
"""Policy without its seed (empty: the folder is that policy), mode, benchmark, judge."""

POLICIES = [
    *("run", "policy", "mode", "benchmark", "judge", "seeds", "n", "accuracy_first", "accuracy", "difference", "difference_low"),
    *("difference_high", "p_value", "adjusted_p", "gained", "lost", "code_first", "code", "code_difference", "code_low", "code_high"),
]
CLAIMS = ["run", "claim", "where", "first", "first_low", "first_high", "verdict_first", "value", "low", "high", "verdict", "moved"]
SETTINGS = ["run", "key", "first", "other", "policies"]

KNOWN = Columns(
    meanings={
        "run": "what is held against the first",
        "policy": "experiment, family, iteration and preference; of all seeds",
        "judge": "who graded",
        "mode": "what a prompt dictates",
        "benchmark": "whose items were answered",
        "seeds": "pairs of policies: of one seed, or in the order of the seeds where the two share none",
        "n": "items that all of them answered and that have a verdict",
        "accuracy_first": "accuracy of the first on these items, percent",
        "accuracy": "accuracy of the other on these items, percent",
        "difference": "accuracy of the other minus that of the first, points, with its 95 % interval",
        "p_value": "two-sided p-value of no difference",
        "adjusted_p": "the same, adjusted by Holm for all rows",
        "gained": "items that the other has right more often, mean over seeds",
        "lost": "items that the first has right more often, mean over seeds",
        "code_first": "share of responses of the first that executed a program, percent",
        "code": "that of the other, percent",
        "code_difference": "code minus code_first, points, with its 95 % interval",
        "claim": "a claim of the paper",
        "where": "family and benchmark",
        "first": "what the first has: the effect with its 95 % interval, or the setting",
        "verdict_first": "verdict on the first",
        "value": "effect in the other, with its 95 % interval",
        "verdict": "verdict on the other",
        "moved": "whether the verdicts differ",
        "key": "a setting of the stage that trained the policy",
        "other": "what the other has",
        "policies": "policies whose settings differ so",
    },
    intervals={
        "difference": ("difference_low", "difference_high"),
        "code_difference": ("code_low", "code_high"),
        "first": ("first_low", "first_high"),
        "value": ("low", "high"),
    },
    p_values=frozenset({"p_value", "adjusted_p"}),
)


class ComparisonError(UserError):
    """There is nothing to compare; the message says where."""


def compare(folders: Mapping[str, Path]) -> dict[str, pl.DataFrame]:
    """Tables `policies`, `claims` and `settings` of all but the first folder, each held against the first.

    Args:
        folders: two or more by name: of runs (`results/demo`), or of policies (`results/demo/main/tiny/seed1/iter2`).

    Raises:
        ComparisonError: a folder holds no graded evaluation, or none that the first has too.
    """
    first, *others = folders.items()
    rows: dict[str, list[dict]] = {"policies": [], "claims": [], "settings": []}
    for other in others:
        rows["policies"] += _policies(first, other)
        rows["claims"] += _claims(first[1], *other)
        rows["settings"] += _settings(first[1], *other)
    for row, p_value in zip(rows["policies"], uncertainty.holm([row["p_value"] for row in rows["policies"]]), strict=True):
        row |= {"p_value": significant(row["p_value"]), "adjusted_p": significant(p_value)}
    columns = {"policies": POLICIES, "claims": CLAIMS, "settings": SETTINGS}
    return {name: pl.DataFrame({column: [row[column] for row in rows[name]] for column in columns[name]}, strict=False) for name in rows}


def render(compared: Mapping[str, pl.DataFrame], names: list[str]) -> str:
    """The page as text: what `compare` made of the folders of these names, the first one first."""
    sections = [
        ("claims", "The claims", "Each claim as the first run decides it, and as the other does."),
        ("policies", "Policy by policy", "Responses to the same items. An interval that holds 0 tells no difference."),
        ("settings", "What was set otherwise", "Settings of training that differ, of policies that both have."),
    ]
    body = [f"<p>Held against <b>{escape(names[0])}</b>: {escape(', '.join(names[1:]))}. {_in_short(compared)}</p>"]
    body += [summary.section(name, title, said, compared[name], None, KNOWN) for name, title, said in sections]
    return summary.page(f"{' and '.join(names)} compared", f"Compared: {' and '.join(names)}", "\n".join(body))


def evaluations(folder: Path) -> dict[Measured, dict[int, Path]]:
    """Tables `grades` of all evaluations below a folder, by what they measure, then by seed.

    Raises:
        ComparisonError: there is none.
    """
    found: defaultdict[Measured, dict[int, Path]] = defaultdict(dict)
    for path in sorted(folder.glob("**/eval/*/*/*/grades.parquet")):
        *policy, _, mode, benchmark, judge, _ = path.relative_to(folder).parts
        arm, seed = _without_seed("/".join(policy))
        found[arm, mode, benchmark, judge][seed] = path
    if not found:
        raise ComparisonError(f"{folder}: no graded evaluation (eval/MODE/BENCHMARK/JUDGE/grades.parquet) is below it")
    return dict(found)


def _without_seed(policy: str) -> tuple[str, int]:
    if not policy:
        return "", 0
    known = paths.Policy.parse(policy)
    return str(known).replace(f"/seed{known.seed}", "", 1), known.seed


def _paired(first: Mapping[int, Any], other: Mapping[int, Any]) -> list[tuple[Any, Any]]:
    """What both have of a seed; where they share none, in the order of their seeds."""
    shared = sorted({*first} & {*other})
    if shared:
        return [(first[seed], other[seed]) for seed in shared]
    return list(zip([first[seed] for seed in sorted(first)], [other[seed] for seed in sorted(other)], strict=False))


def _policies(first: tuple[str, Path], other: tuple[str, Path]) -> list[dict]:
    one, two = evaluations(first[1]), evaluations(other[1])
    shared = sorted({*one} & {*two})
    if not shared:
        raise ComparisonError(f"{first[1]} and {other[1]} have no policy, mode, benchmark and judge in common")
    return [{"run": other[0], **row} for key in shared if (row := _difference(key, _paired(one[key], two[key])))]


def _difference(key: Measured, pairs: list[tuple[Path, Path]]) -> dict | None:
    """A row of the table `policies`; None where the two share no item."""
    frames = []
    for pair in pairs:
        own = [_by_item(tables.GRADES.read(path)) for path in pair]
        both = own[1].join(own[0], on="query_id", suffix="_first")
        frames.append(both.select("query_id", "strict", "strict_first", "code_executed", "code_executed_first"))
    seeds = aligned(frames)
    if not len(seeds[0]):
        return None
    right, ran = [seed[:, :2] for seed in seeds], [seed[:, 2:] for seed in seeds]
    means = {name: sum(seed[:, column].mean() for seed in seeds) / len(seeds) for column, name in enumerate(_MEANS)}
    return {
        **dict(zip(("policy", "mode", "benchmark", "judge"), key, strict=True)),
        "seeds": len(seeds),
        "n": len(seeds[0]),
        **{name: hundred(float(value)) for name, value in means.items()},
        **percent("difference", uncertainty.contrast(right, effects.difference)),
        **percent("code", uncertainty.contrast(ran, effects.difference), value="code_difference"),
        "p_value": uncertainty.contrast_p_value(right, effects.difference),
        "gained": rounded(sum(float((seed[:, 0] > seed[:, 1]).sum()) for seed in seeds) / len(seeds)),
        "lost": rounded(sum(float((seed[:, 0] < seed[:, 1]).sum()) for seed in seeds) / len(seeds)),
    }


def _by_item(grades: pl.DataFrame) -> pl.DataFrame:
    """Of each item the share of its responses that are right, and that ran a program; greedy ones are one an item."""
    return outcomes.usable(grades).group_by("query_id").agg(pl.col("strict", "code_executed").mean())


_MEANS = ("accuracy", "accuracy_first", "code", "code_first")
"""Means of the columns of `_difference`."""


def _claims(first: Path, name: str, other: Path) -> list[dict]:
    """Rows of the table `claims`; none where one of the folders has no table of claims."""
    found = [folder / paths.table("claims") for folder in (first, other)]
    if not all(path.is_file() for path in found):
        return []
    one, two = ({(row["claim"], row["family"], row["benchmark"]): row for row in _rows(path)} for path in found)
    return [
        {
            "run": name,
            "claim": key[0],
            "where": f"{key[1]}, {key[2]}",
            "first": one[key]["value"],
            "first_low": one[key]["low"],
            "first_high": one[key]["high"],
            **{column: two[key][column] for column in ("value", "low", "high", "verdict")},
            "verdict_first": one[key]["verdict"],
            "moved": "moved" if one[key]["verdict"] != two[key]["verdict"] else "",
        }
        for key in one
        if key in two
    ]


def _rows(path: Path) -> list[dict]:
    return pl.read_csv(path, infer_schema_length=None).to_dicts()


def _settings(first: Path, name: str, other: Path) -> list[dict]:
    """Rows of the table `settings`: a key with two values, and the policies for which they differ so."""
    one, two = _trained(first), _trained(other)
    differing: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
    for arm in sorted({*one} & {*two}):
        flat = [dict(_flat(settings)) for settings in _paired(one[arm], two[arm])[0]]
        for key in sorted({*flat[0]} | {*flat[1]}):
            values = [json.dumps(side[key]) if key in side else "" for side in flat]
            if values[0] != values[1]:
                differing[key, values[0], values[1]].append(arm or "this policy")
    return [
        {"run": name, "key": key, "first": before, "other": after, "policies": ", ".join(arms)}
        for (key, before, after), arms in differing.items()
    ]


def _trained(folder: Path) -> dict[str, dict[int, Any]]:
    """settings.json of every policy, by policy without seed, then by seed."""
    found: defaultdict[str, dict[int, Any]] = defaultdict(dict)
    for path in sorted(folder.glob("**/settings.json")):
        policy = "/".join(path.relative_to(folder).parts[:-1])
        if not policy.startswith("critics/"):
            arm, seed = _without_seed(policy)
            found[arm][seed] = json.loads(path.read_text(encoding="utf-8"))
    return dict(found)


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(inner, f"{key}.{name}" if key else name)
    else:
        yield key, value


def _in_short(compared: Mapping[str, pl.DataFrame]) -> str:
    """What a reader wants to know first."""
    policies, claims = compared["policies"], compared["claims"]
    better = policies.filter(pl.col("difference_low") > 0).height
    worse = policies.filter(pl.col("difference_high") < 0).height
    moved = claims.filter(pl.col("moved") == "moved").height
    said = f"Of {policies.height} evaluations that both have, {better} are better by their interval, {worse} worse"
    return f"{said}. Of {claims.height} claims {moved} have another verdict." if claims.height else f"{said}."
