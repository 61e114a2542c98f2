"""The rows of SIaM's tables about judges: those of `report.judged`, for which the paper's values are not available, and languages."""

import polars as pl

from mathcode.methods.siam.report import evidence
from mathcode.methods.siam.report.claims import NOT_TESTABLE
from mathcode.methods.siam.report.published import NOT_AVAILABLE
from mathcode.report import judged
from mathcode.report.results import Results


def make_critic(results: Results) -> list[dict]:
    """Every judge on every case set."""
    return [row | {"published": NOT_AVAILABLE} for row in judged.make_critic(results)]


def make_attacks(results: Results) -> list[dict]:
    """What each judge accepts of every kind of attack."""
    return [row | {"published": NOT_AVAILABLE} for row in judged.make_attacks(results)]


def make_crosslingual(results: Results) -> list[dict]:
    """Every critic by the language of the test cases, beside the languages that it learned from."""
    rows, spoken = [], _spoken(results)
    for case_set, judge, seeds in judged.judgements(results, judged.NOT_ATTACK):
        if (critic := judge.removeprefix("critic_")) not in results.plan.critics or judge == critic:
            continue
        tested = sorted(seeds[0]["language"].unique()) if seeds else []
        learned = evidence.learned_languages(results, critic)
        for language in tested:
            own = [frame.filter(pl.col("language") == language) for frame in seeds]
            rows.append(
                judged.key(results, case_set, judge)
                | {"published": NOT_AVAILABLE, "learned_from": ", ".join(learned) if learned else "not known", "language": language}
                | judged.measures_of(own)
                | {"verdict": NOT_TESTABLE if len(spoken) < 2 or len(learned) != 1 else None}
            )
    return rows


def _spoken(results: Results) -> set[str]:
    """Languages of all cases of a run that are no attacks; a set of cases is often of one."""
    found = judged.judgements(results, judged.NOT_ATTACK)
    return {language for _, _, seeds in found for frame in seeds for language in frame["language"].unique()}
