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
from mathcode.core.errors import UserError, first_line
from mathcode.measures import outcomes, uncertainty
from mathcode.report import effects, summary
from mathcode.report.columns import Columns
from mathcode.report.results import aligned
from mathcode.report.rows import hundred, percent, rounded, significant

Measured = tuple[str, str, str, str]
"""Policy without its seed (empty: the folder is that policy), mode, benchmark, judge."""

POLICIES = [
    *("run", "policy", "mode", "benchmark", "judge", "seeds", "seeds_left_out", "n", "accuracy_first", "accuracy", "difference"),
    *("difference_low", "difference_high", "p_value", "adjusted_p", "gained", "lost", "code_first", "code", "code_difference"),
    *("code_low", "code_high", "graders"),
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
        "seeds_left_out": "policies of one side that have no partner",
        "graders": "versions of the judge, where the two differ",
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
    folded=frozenset({"seeds_left_out", "p_value", "gained", "lost", "code_first"}),
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
        ("policies", "Policy by policy", "Responses to the same items. Where an interval includes 0, no difference has been shown."),
        ("settings", "Settings that differ", "Settings of training, of policies that both runs have."),
    ]
    body = [f"<p>Baseline: <b>{escape(names[0])}</b>. Compared with it: {escape(', '.join(names[1:]))}. {_in_short(compared)}</p>"]
    body += [summary.section(name, title, said, compared[name], None, KNOWN) for name, title, said in sections]
    return summary.page(f"{' and '.join(names)} compared", f"Compared: {' and '.join(names)}", "\n".join(body))


def evaluations(folder: Path) -> dict[Measured, dict[int, Path]]:
    """Tables `grades` of all evaluations below a folder, by what they measure, then by seed.

    Raises:
        ComparisonError: there is none.
    """
    if not folder.is_dir():
        raise ComparisonError(f"{folder}: no such folder")
    found: defaultdict[Measured, dict[int, Path]] = defaultdict(dict)
    for path in sorted(folder.glob(f"{'' if _is_policy(folder) else '**/'}eval/*/*/*/grades.parquet")):
        *policy, _, mode, benchmark, judge, _ = path.relative_to(folder).parts
        arm, seed = _without_seed("/".join(policy), folder)
        found[arm, mode, benchmark, judge][seed] = path
    if not found:
        raise ComparisonError(f"{folder}: no graded evaluation (eval/MODE/BENCHMARK/JUDGE/grades.parquet) is below it")
    return dict(found)


def _is_policy(folder: Path) -> bool:
    """Whether it is the folder of a policy: what is aligned from it stands below it, and is another policy."""
    return (folder / "eval").is_dir()


def _without_seed(policy: str, folder: Path) -> tuple[str, int]:
    if not policy:
        return "", 0
    try:
        known = paths.Policy.parse(policy)
    except ValueError:
        raise ComparisonError(f"{folder}: '{policy}' below it is no policy; name results/RUN, or results/RUN/POLICY") from None
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
    rows = []
    for key in shared:
        pairs = _paired(one[key], two[key])
        if row := _difference(key, pairs):
            rows.append({"run": other[0], "seeds_left_out": len(one[key]) + len(two[key]) - 2 * len(pairs), **row})
    if not rows:
        raise ComparisonError(f"{first[1]} and {other[1]} have evaluations of the same policies, and no item in common")
    return rows


def _difference(key: Measured, pairs: list[tuple[Path, Path]]) -> dict | None:
    """A row of the table `policies`; None where the two share no item."""
    frames, graders = [], set()
    for pair in pairs:
        read = [tables.GRADES.read(path) for path in pair]
        graders |= {name for grades in read for name in grades["grader"].unique()}
        own = [_by_item(grades) for grades in read]
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
        "graders": ", ".join(sorted(map(str, graders))) if len(graders) > 1 else None,
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
    one, two = map(_rows, found)
    rows = []
    for row in two:
        before = next((known for known in one if _same_place(known, row)), None)
        if before is not None:
            measured = all(side["value"] is not None for side in (before, row))
            rows.append(
                {
                    "run": name,
                    "claim": row["claim"],
                    "where": ", ".join(filter(None, (row["family"], row["benchmark"] or before["benchmark"]))),
                    "first": before["value"],
                    "first_low": before["low"],
                    "first_high": before["high"],
                    "verdict_first": before["verdict"],
                    **{column: row[column] for column in ("value", "low", "high", "verdict")},
                    "moved": "" if before["verdict"] == row["verdict"] else "moved" if measured else "measured in one alone",
                }
            )
    return rows


def _same_place(one: dict, two: dict) -> bool:
    """Whether two rows are of one claim on one benchmark; one that could not be tested names none."""
    alike = all(one[column] == two[column] for column in ("claim", "family"))
    return alike and (one["benchmark"] == two["benchmark"] or not (one["benchmark"] and two["benchmark"]))


def _rows(path: Path) -> list[dict]:
    try:
        frame = pl.read_csv(path, infer_schema_length=None)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ComparisonError(f"{path}: no table of claims: {first_line(error)}") from None
    if missing := {"claim", "family", "benchmark", "value", "low", "high", "verdict"} - {*frame.columns}:
        raise ComparisonError(f"{path}: the table of claims lacks the column '{min(missing)}'")
    return frame.to_dicts()


def _settings(first: Path, name: str, other: Path) -> list[dict]:
    """Rows of the table `settings`: a key with two values, and the policies for which they differ so in any pair of seeds."""
    one, two = _trained(first), _trained(other)
    differing: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
    for arm in sorted({*one} & {*two}):
        for pair in _paired(one[arm], two[arm]):
            flat = [dict(_flat(settings)) for settings in pair]
            for key in sorted({*flat[0]} | {*flat[1]}):
                values = [json.dumps(side[key]) if key in side else "" for side in flat]
                if values[0] != values[1] and arm not in differing[key, values[0], values[1]]:
                    differing[key, values[0], values[1]].append(arm)
    return [
        {"run": name, "key": key, "first": before, "other": after, "policies": ", ".join(arm or "this policy" for arm in arms)}
        for (key, before, after), arms in differing.items()
        if arms
    ]


def _trained(folder: Path) -> dict[str, dict[int, Any]]:
    """settings.json of every policy, by policy without seed, then by seed."""
    found: defaultdict[str, dict[int, Any]] = defaultdict(dict)
    for path in sorted(folder.glob("settings.json" if _is_policy(folder) else "**/settings.json")):
        policy = "/".join(path.relative_to(folder).parts[:-1])
        if not policy.startswith("critics/"):
            arm, seed = _without_seed(policy, folder)
            try:
                found[arm][seed] = json.loads(path.read_text(encoding="utf-8"))
            except ValueError as error:
                raise ComparisonError(f"{path}: not JSON: {error}") from None
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
    told = policies.filter(pl.col("adjusted_p") <= 1 - uncertainty.LEVEL)
    better, worse = told.filter(pl.col("difference") > 0).height, told.filter(pl.col("difference") < 0).height
    said = f"Of {policies.height} evaluations that both have, {better} are better and {worse} worse, by tests adjusted for all of them."
    if policies["seeds"].max() == 1:
        said += " Each is of one seed: nothing is said about another one."
    if left_out := policies["seeds_left_out"].sum():
        said += f" {left_out} evaluations have no partner of their seed, and are left out."
    if policies["graders"].is_not_null().any():
        said += " <b>Different versions of a judge graded them</b>: see the column graders."
    moved = claims.filter(pl.col("moved") == "moved").height
    return said + (f" {moved} of {claims.height} claims changed verdict." if claims.height else "")
