"""The rows of SIaM's tables about policies: `make_NAME` makes those of the table NAME. Shares are in percent, two decimals.

Which columns a table has is in `index`, what they mean in `columns`; tables about programs and about judges have modules of their own.
"""

import numpy as np

from mathcode import paths
from mathcode.measures import agreement, uncertainty
from mathcode.methods.siam.report import arms, evidence, lengths, numbers, places, published
from mathcode.methods.siam.report.plan import IN_DOMAIN, MAIN, MODE, SEED_ONLY
from mathcode.methods.siam.report.published import NOT_AVAILABLE
from mathcode.paths import START
from mathcode.report import effects
from mathcode.report.results import Arm, Results, aligned
from mathcode.report.rows import all_shares, rounded, shares


def make_main(results: Results) -> list[dict]:
    """base, M_seed, M_0, the rounds of main and what alignments make of it, on every part of every benchmark."""
    rows = []
    for family, described in results.plan.families.items():
        line = [*arms.course(results.plan, family), *arms.aligned(results.plan, family)]
        for place in places.places(results):
            for arm in line:
                row = numbers.opening(results, arm, place) | {
                    "ran": _ran(results, arm, place),
                    **_failed(results, arm, place),
                    "contaminated": _contaminated(results, arm, place),
                    "published_accuracy": NOT_AVAILABLE,
                    "published_gain": NOT_AVAILABLE,
                }
                if arm.experiment != START:
                    row |= numbers.delta("delta", places.compared(results, arm, arms.start(family), [place]))
                if arm == arms.course(results.plan, family)[-1] and arm.experiment == MAIN:
                    row["published_accuracy"] = published.accuracy(described.published, place.benchmark)
                    row["published_gain"] = published.gain(place.part)
                rows.append(row)
    return rows


def _ran(results: Results, arm: Arm, place: places.Place) -> float | None:
    """Percent of responses with a program, none of which failed."""
    ran, failed = (places.cells(results, [arm], [place], column) for column in ("executions", "programs_failed"))
    good = [(one[:, 0] > 0) & (two[:, 0] == 0) for one, two in zip(ran, failed, strict=True)]
    return rounded(100 * np.mean([seed.mean() for seed in good])) if len(good[0]) else None


def _failed(results: Results, arm: Arm, place: places.Place) -> dict:
    """Percent of items that count as wrong for another reason than a wrong answer, each reason apart; blank without responses."""
    found = evidence.failures(results, arm, place.benchmark, place.items)
    if not found:
        return {}
    names = [name for name in found[0].columns if name != "query_id"]
    seeds = aligned(found)
    if not len(seeds[0]):
        return {}
    columns = {name: effects.share([seed[:, place] for seed in seeds]) for place, name in enumerate(names)}
    return all_shares(columns)


def _contaminated(results: Results, arm: Arm, place: places.Place) -> int | None:
    """Evaluated items that overlap with a training set, of a benchmark of which a run may ask a part; blank where it did not look."""
    uses = results.plan.families[arm.family].learned_from
    if not all((results.root / paths.overlap_items(use, place.benchmark)).is_file() for use in uses):
        return None
    evaluated = results.grades(arm.policy(results.plan.seeds[0]), MODE, place.benchmark)["query_id"]
    found = results.contaminated_items(arm.family, place.benchmark).intersection(evaluated)
    return len(found if place.items is None else found & place.items)


def make_filter(results: Results) -> list[dict]:
    """Every experiment that filters, after every round: whom it trusts, what it kept, how right that is, and what it is worth."""
    rows = []
    for family in results.plan.families:
        for experiment in results.plan.rivals:
            for arm in arms.rounds(results.plan, family, experiment):
                kept = _kept(results, arm)
                for place in places.places(results):
                    rows.append(numbers.opening(results, arm, place) | kept | _against_main(results, arm, place))
    return rows


def _kept(results: Results, arm: Arm) -> dict:
    """Whom a round trusts, and how many of its programs are right."""
    accepted, audited = evidence.accepted(results, arm), evidence.audited(results, arm)
    return {
        "label": results.plan.label(arm.experiment),
        "judge": (judge := results.plan.filters[arm.experiment]),
        "threshold": results.plan.thresholds.get(arm.experiment) if judge.startswith(("critic_", "cascade_")) else None,
        "kept": accepted and rounded(np.mean([frame.height for frame in accepted])),
        "audited": audited and sum(map(len, audited)),
        **shares("audited_precision", evidence.share_of(audited)),
        "published": NOT_AVAILABLE,
    }


def _against_main(results: Results, arm: Arm, place: places.Place) -> dict:
    if arm.experiment == MAIN or MAIN not in results.plan.experiments:
        return {}
    return numbers.delta("difference_from_main", places.compared(results, arm, Arm(MAIN, arm.family, arm.iteration), [place]))


def make_scaling(results: Results) -> list[dict]:
    """M_0 and the rounds of main, against rounds on more programs for seed questions and on the start's data alone, with their steps."""
    rows = []
    for family in results.plan.families:
        rivals = [name for name in (IN_DOMAIN, SEED_ONLY) if name in results.plan.experiments]
        line = [arms.start(family)]
        line += [arm for name in (MAIN, *rivals) if name in results.plan.experiments for arm in arms.rounds(results.plan, family, name)]
        for place in places.places(results):
            for arm in line:
                trained = evidence.log_parts(results, arm)
                row = numbers.opening(results, arm, place) | {"label": results.plan.label(arm.experiment), "published": NOT_AVAILABLE}
                row |= {name: trained.get(name) and round(trained[name]) for name in ("steps", "tokens")}
                if arm.experiment != START:
                    row |= numbers.delta("delta", places.compared(results, arm, arms.start(family), [place]))
                    row |= _against_main(results, arm, place)
                rows.append(row)
    return rows


def make_alignment(results: Results) -> list[dict]:
    """The policy of main before alignment and after each preference: accuracy, lengths, and what the loss says of its pairs."""
    rows = []
    for family in results.plan.families:
        if not (line := arms.aligned(results.plan, family)):
            continue
        before = arms.unaligned(results.plan, family)
        for place in places.places(results):
            for arm in (before, *line):
                row = numbers.opening(results, arm, place) | {"ran": _ran(results, arm, place), "published": NOT_AVAILABLE}
                row |= lengths.columns(results, arm, place)
                if arm is not before:
                    row |= _trained_on_pairs(results, arm)
                    row |= lengths.deltas(results, arm, before, place)
                    row |= numbers.delta("delta_from_unaligned", places.compared(results, arm, before, [place]))
                    if (control := arms.control(results.plan, arm)) not in (None, arm):
                        row |= numbers.delta("delta_from_control", places.compared(results, arm, control, [place]))
                rows.append(row)
    return rows


_LOSS_COLUMNS = {
    "beta": "beta",
    "odds_weight": "odds_weight",
    "likelihood_weight": "likelihood_weight",
    "likelihood_normalisation": "normalisation",
}


def _trained_on_pairs(results: Results, arm: Arm) -> dict:
    """What a preference is set to, and what its loss reports at the end of training."""
    set_to, log = results.plan.likelihood_terms[arm.preference], evidence.log_parts(results, arm)
    shown = ("margin", "chosen_reward", "rejected_reward", "chosen_logprob", "rejected_logprob")
    return {
        "label": results.plan.preferences[arm.preference],
        "loss": results.plan.losses[arm.preference],
        **{column: set_to.get(name) for name, column in _LOSS_COLUMNS.items()},
        "length_normalised": "yes" if set_to.get("length_normalised") else None,
        "pairs": evidence.pairs(results, arm),
        **evidence.audited_pairs(results, arm),
        "reward_accuracy": 100 * log["preferred"] if "preferred" in log else None,
        **{part: log.get(part) for part in shown},
        "steps": log.get("steps") and round(log["steps"]),
    }


def make_agreement(results: Results) -> list[dict]:
    """Every policy on every part: its score by two judges, how far single verdicts agree, and whether both rank policies alike."""
    rows = []
    for family in results.plan.families:
        line = arms.every(results.plan, family)
        for place in places.places(results):
            for judge, against in _compared_judges(results):
                pairs = [places.verdict_pairs(results, arm, place, judge, against) for arm in line]
                known = [seeds for seeds in pairs if len(seeds[0])]
                means = [np.mean([seed.mean(axis=0) for seed in seeds], axis=0) for seeds in known]
                tau = agreement.kendall_tau_b(*zip(*means, strict=True)) if len(means) > 1 else float("nan")
                ranking = shares("tau_b", uncertainty.Interval(tau)) | {"ranked": len(means), "judge": judge}
                rows += [
                    {**numbers.key(results, arm), "benchmark": place.benchmark, "part": place.part, "data": place.data}
                    | ({"n": 0} if not len(seeds[0]) else _agreed(seeds))
                    | {**ranking, "against": against, "published": NOT_AVAILABLE}
                    for arm, seeds in zip(line, pairs, strict=True)
                ]
    return rows


def _compared_judges(results: Results) -> list[tuple[str, str]]:
    """Every judge beside the grader; and each critic beside the strict rule, where that is neither of the two."""
    first, *others = results.plan.judges
    by_rule = [(judge, "exact") for judge in others if judge.startswith("critic_") and "exact" in others]
    return [*((judge, first) for judge in others), *by_rule]


def _agreed(seeds: list[np.ndarray]) -> dict:
    """Both scores, their difference, and how far single verdicts agree."""
    flat = [seed.astype(bool) for seed in seeds]
    return {
        "n": len(seeds[0]),
        **shares("score", effects.share([seed[:, 0] for seed in seeds])),
        "score_against": rounded(100 * np.mean([seed[:, 1].mean() for seed in seeds])),
        **shares("difference", uncertainty.contrast(seeds, effects.difference)),
        **shares("kappa", agreement.kappa_over_seeds(flat).within(-1, 1)),
        **shares("same", effects.share([(seed[:, 0] == seed[:, 1]).astype(float) for seed in flat])),
    }
