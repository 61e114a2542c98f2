"""What SIaM's paper claims, as eight lines: the effect of each, its p-value, and whether its interval says what is claimed."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import polars as pl

from mathcode.critic.answer_types import answer_type
from mathcode.measures import agreement, uncertainty
from mathcode.measures.uncertainty import Interval
from mathcode.methods.siam.report import arms, evidence, lengths
from mathcode.methods.siam.report.places import Place, compared, out_of_domain, verdict_pairs
from mathcode.methods.siam.report.plan import IN_DOMAIN, MAIN, MODE, PREFERENCE_LOSSES, SAMPLED, SEED_ONLY, Plan
from mathcode.report import effects, judged
from mathcode.report.effects import Compared
from mathcode.report.results import Arm, Results

LOST_AT_MOST = 0.01
"""Precision that a critic may lose against the strict rule and still count as losing none (our choice)."""
KAPPA = 0.8
"""Kappa that counts as high agreement; our choice."""
ATTACKS = 0.01
"""Share of attacks that may pass; our choice."""
PARSABLE = ("integer", "decimal", "fraction", "percent")
"""Types of references that a rule reads: single numbers."""


@dataclass(frozen=True)
class Told:
    """What a line says: its effect, in the unit of its claim, whether the intervals bear it out, and what else they rest on."""

    where: str
    effect: Interval | None
    p_value: float | None
    n: int
    borne_out: bool
    detail: str = ""


@dataclass(frozen=True)
class Line:
    """A claim of the paper.

    Attributes:
        name: a word for it.
        text: it in words, with the unit of its effect.
        measure: what a run says of it, for a family; None where it lacks what the claim is about.
        of_family: whether families differ in it; what is about a critic alone is one measurement for all of them.
    """

    name: str
    text: str
    measure: Callable[[Results, str], Told | None]
    of_family: bool = True


def trusted(plan: Plan) -> str | None:
    """The judge whose claims are tested: the critic that main trusts, by itself; else the first."""
    _, _, trusted = plan.filters.get(MAIN, "").partition("_")
    names = [name for name in (trusted, *plan.critics) if name in plan.critics]
    return f"critic_{names[0]}" if names else None


def _cases(results: Results, wanted: pl.Expr, judges: Sequence[str]) -> tuple[str, list[np.ndarray]] | None:
    """Cases of all sets together: for each seed what the judges accept and, last, what is true; None where a judge said nothing."""
    parts, where = [], []
    for case_set in results.plan.case_sets:
        told = [judged.cases(results, case_set, judge) for judge in judges]
        if None in told:
            return None
        seeds = []
        for frames in zip(*told, strict=True):
            frame = frames[0].select("case_id", "origin", "answer_type", "language", "labelled_by", "true")
            for judge, other in zip(judges, frames, strict=True):
                frame = frame.join(other.select("case_id", pl.col("accepted").alias(judge)), on="case_id")
            seeds.append(frame.filter(wanted).sort("case_id").select(*judges, "true").to_numpy().astype(float).reshape(-1, len(judges) + 1))
        if len(seeds[0]):
            parts.append(seeds)
            where.append(case_set)
    return (", ".join(where), [np.concatenate(seeds) for seeds in zip(*parts, strict=True)]) if parts else None


def _p_value(interval: Interval, bound: float) -> float | None:
    """Two-sided p-value of a bound, by the normal curve as wide as the wider side of the interval; None without an interval."""
    if interval.low is None or interval.high is None:
        return None
    error = max(interval.high - interval.value, interval.value - interval.low) / NormalDist().inv_cdf(0.5 + uncertainty.LEVEL / 2)
    return math.erfc(abs(interval.value - bound) / error / math.sqrt(2))


def shown(interval: Interval | None, unit: str = "points", factor: float = 100) -> str:
    """An interval in a sentence."""
    if interval is None:
        return "not measured"
    ends = "" if interval.low is None else f" [{factor * interval.low:+.1f}, {factor * interval.high:+.1f}]"
    return f"{factor * interval.value:+.1f}{ends} {unit}"


def _positive(interval: Interval | None) -> bool:
    return interval is not None and interval.low is not None and interval.low > 0


def _low(interval: Interval) -> float:
    """Its lower end; the estimate where nothing varies."""
    return interval.value if interval.low is None else interval.low


def _high(interval: Interval) -> float:
    """Its upper end, likewise."""
    return interval.value if interval.high is None else interval.high


def _accepts_more(results: Results, _: str) -> Told | None:
    """Recall of the critic minus that of the strict rule, and the same of precision, on the same cases.

    Cases that the rule itself labelled say nothing of what it refuses. Near misses that it accepts are no cases, which flatters its
    precision: the line is harder to show than it should be.
    """
    critic = trusted(results.plan)
    judges = [critic, "exact"]
    found = _cases(results, judged.NOT_ATTACK & (pl.col("labelled_by") != "exact"), judges) if critic else None
    if found is None:
        return None
    where, seeds = found
    right = [seed[seed[:, 2] > 0][:, :2] for seed in seeds]
    if not len(right[0]):
        return None
    recall = uncertainty.contrast(right, effects.difference)
    products = [np.stack([s[:, 0] * s[:, 2], s[:, 0], s[:, 1] * s[:, 2], s[:, 1]], axis=1) for s in seeds]

    def lost(means: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return means[..., 0] / means[..., 1] - means[..., 2] / means[..., 3]

    undefined = any(np.isnan(lost(one.mean(axis=0))) for one in products)
    precision = None if undefined else uncertainty.contrast(products, lost)
    lossless = precision is not None and _low(precision) > -LOST_AT_MOST
    detail = f"precision, critic minus rule: {shown(precision)}; counts as no loss where the lower end is above -{100 * LOST_AT_MOST:g}"
    detail += f"; {_left_out(results, judges, len(seeds[0]))}"
    p_value = uncertainty.contrast_p_value(right, effects.difference)
    return Told(where, recall, p_value, len(right[0]), _positive(recall) and lossless, detail)


def _left_out(results: Results, judges: Sequence[str], compared_cases: int) -> str:
    """How many cases are not compared since the rule labelled them, and what the critic refuses of all that the rule accepts rightly."""
    _, seeds = _cases(results, judged.NOT_ATTACK, judges) or ("", [])
    labelled = len(seeds[0]) - compared_cases
    rightly = [seed[(seed[:, 1] > 0) & (seed[:, 2] > 0)] for seed in seeds]
    refused, of = sum(int((seed[:, 0] == 0).sum()) for seed in rightly), sum(map(len, rightly))
    said = (
        f"the rule labelled {labelled:,} further cases, which are left out" if labelled else "the rule labelled no case: none is left out"
    )
    return f"{said}; right by the rule, refused by the critic: {refused:,} of {of:,}" + (", all seeds" if len(seeds) > 1 else "")


def _agrees(results: Results, _: str) -> Told | None:
    """Kappa of critic and strict rule where the reference is a single number."""
    critic = trusted(results.plan)
    found = _cases(results, judged.NOT_ATTACK & pl.col("answer_type").is_in(PARSABLE), [critic, "exact"]) if critic else None
    if found is None:
        return None
    where, seeds = found
    verdicts = [seed[:, :2].astype(bool) for seed in seeds]
    kappa = agreement.kappa_over_seeds(verdicts)
    if np.isnan(kappa.value):
        return None
    same = float(np.mean([(seed[:, 0] == seed[:, 1]).mean() for seed in verdicts]))
    detail = f"references of the types {', '.join(PARSABLE)}; same verdict on {100 * same:.1f} %; {_on_responses(results, critic)}"
    return Told(where, kappa.within(-1, 1), _p_value(kappa, KAPPA), len(verdicts[0]), kappa.low is not None and kappa.low >= KAPPA, detail)


def _on_responses(results: Results, critic: str) -> str:
    """Kappa of critic and strict rule on greedy responses of the last policies, where the reference is a single number: a sentence."""
    if not {critic, "exact"} <= set(results.plan.judges):
        return "on responses: not graded by both"
    parts = []
    for family in results.plan.families:
        arm = results.last(MAIN, family) if MAIN in results.plan.experiments else arms.start(family)
        for name in results.plan.benchmarks:
            read = frozenset(query for query, gold in results.items(name).select("query_id", "gold").iter_rows() if reads(gold))
            parts.append(verdict_pairs(results, arm, Place(name, "single numbers", read), critic, "exact"))
    seeds = [np.concatenate(own).astype(bool) for own in zip(*parts, strict=True)]
    if not len(seeds[0]) or np.isnan((kappa := agreement.kappa_over_seeds(seeds)).value):
        return "on responses: not defined, since a judge always says the same"
    return f"on {len(seeds[0]):,} greedy responses of the last policies: kappa {shown(kappa.within(-1, 1), 'hundredths')}"


def reads(gold: str) -> bool:
    """Whether a reference is a single number."""
    return answer_type(gold) in PARSABLE


def _generalises(results: Results, family: str) -> Told | None:
    """Every round of main minus M_0, out of the seed's domain; the effect is that of the last."""
    if MAIN not in results.plan.experiments:
        return None
    chosen = out_of_domain(results)
    found = [compared(results, arm, arms.start(family), chosen) for arm in arms.rounds(results.plan, family, MAIN)]
    detail = "; ".join(f"M_{number} - M_0: {shown(one.effect)}" for number, one in enumerate(found, start=1))
    if SEED_ONLY in results.plan.experiments:  # M_0 may have had fewer steps
        alone = compared(results, results.last(MAIN, family), results.last(SEED_ONLY, family), chosen)
        detail += f"; last round - as many rounds on the start's data alone: {shown(alone.effect)}"
    return _on_policies(results, found[-1], all(_positive(one.effect) for one in found), detail)


def _beats_in_domain(results: Results, family: str) -> Told | None:
    """The last round of main minus that of the experiment with more programs for the seed set's own questions."""
    if not {MAIN, IN_DOMAIN} <= set(results.plan.experiments):
        return None
    chosen, last = out_of_domain(results), results.last(MAIN, family)
    found = compared(results, last, results.last(IN_DOMAIN, family), chosen)
    own = compared(results, results.last(IN_DOMAIN, family), arms.start(family), chosen)
    return _on_policies(results, found, _positive(found.effect), f"programs for seed questions - M_0: {shown(own.effect)}")


def _alignment_adds(results: Results, family: str) -> Told | None:
    """The best preference minus the policy before it, and minus SFT on the chosen programs of its pairs.

    Preferences without that control are left out: they cannot say what the claim says of them.
    """
    line = arms.aligned(results.plan, family)
    tried = [arm for arm in line if results.plan.losses[arm.preference] in PREFERENCE_LOSSES]
    controls = {arm: control for arm in tried if (control := arms.control(results.plan, arm))}
    if not controls:
        return None
    chosen, before = out_of_domain(results), arms.unaligned(results.plan, family)
    found = {arm: compared(results, arm, before, chosen) for arm in controls}
    best = max(found, key=lambda arm: found[arm].effect.value if found[arm].effect else -1)
    against = compared(results, best, controls[best], chosen)
    adds = _positive(found[best].effect) and _positive(against.effect)
    p_value = None if found[best].p_value is None else min(1.0, len(found) * found[best].p_value)
    told = Compared(found[best].effect, p_value, found[best].n)
    detail = f"the best of {len(found)} preferences, {best.preference}, its p-value times {len(found)}"
    return _on_policies(results, told, adds, f"{detail}; minus SFT on the chosen programs: {shown(against.effect)}")


def _lengthens(results: Results, family: str) -> Told | None:
    """Tokens at lambda 0 minus those before alignment, and minus those at every lambda above 0 that learns from the same pairs, of which
    none must be above those before alignment, nor reach up to what lambda 0 adds; sampled, out of the seed's domain.

    The claim is about responses that do not come to an end: where none of any compared policy runs on, there is nothing to lengthen.
    """
    weights: dict[Arm, float] = {}
    for arm in arms.aligned(results.plan, family):
        set_to = results.plan.likelihood_terms.get(arm.preference, {})
        if results.plan.losses[arm.preference] == "dpo" and not set_to.get("length_normalised"):
            weights[arm] = float(set_to.get("likelihood_weight", 0.0))
    above = [arm for arm, weight in weights.items() if weight > 0]
    matched = {arm: arms.paired_alike(results.plan, arm, above) for arm, weight in weights.items() if weight == 0}
    bare, kept = next(((arm, others) for arm, others in matched.items() if others), (None, []))
    if bare is None:
        return None
    chosen, before = out_of_domain(results), arms.unaligned(results.plan, family)
    if not any(lengths.runs_on(results, arm, chosen, SAMPLED) for arm in (before, bare, *kept)):
        return None

    def longer(first: Arm, second: Arm) -> Compared:
        return lengths.lengthened(results, first, second, chosen, SAMPLED)

    if (grown := longer(bare, before)).effect is None:
        return None
    over = {arm: (longer(bare, arm).effect, longer(arm, before).effect) for arm in kept}
    others = "; ".join(
        f"minus {arm.preference} (lambda {weights[arm]:g}): {shown(less, 'tokens', 1)}, which has {shown(more, 'tokens', 1)} over before"
        for arm, (less, more) in over.items()
    )
    kept_short = [_positive(less) and more and _low(more) <= 0 and _high(more) < grown.effect.value for less, more in over.values()]
    shows = _positive(grown.effect) and all(kept_short)
    greedy = lengths.lengthened(results, bare, before, chosen, MODE)
    return _on_policies(results, grown, shows, f"greedy: {shown(greedy.effect, 'tokens', 1)}; sampled, {others}")


def _serves_other_language(results: Results, _: str) -> Told | None:
    """Kappa with the truth in a language that the critic did not learn from."""
    critic = trusted(results.plan)
    learned = evidence.learned_languages(results, critic.removeprefix("critic_")) if critic else []
    if critic is None or len(learned) != 1:
        return None
    own, other = (_cases(results, judged.NOT_ATTACK & wanted, [critic]) for wanted in _spoken(learned[0]))
    if own is None or other is None:
        return None
    truth = [[seed.astype(bool) for seed in seeds] for _, seeds in (own, other)]
    kappas = [agreement.kappa_over_seeds(seeds) for seeds in truth]
    if np.isnan(kappas[1].value):
        return None
    detail = f"learned from {learned[0]}; kappa on its cases: {shown(kappas[0], 'hundredths')}"
    low = kappas[1].low
    return Told(other[0], kappas[1].within(-1, 1), _p_value(kappas[1], KAPPA), len(truth[1][0]), low is not None and low >= KAPPA, detail)


def _spoken(language: str) -> tuple[pl.Expr, pl.Expr]:
    return pl.col("language") == language, pl.col("language") != language


def _withstands(results: Results, _: str) -> Told | None:
    """Attacks that the critic holds to be right; so few that the line would not be shown if none passed test nothing."""
    critic = trusted(results.plan)
    found = _cases(results, judged.IS_ATTACK, [critic, "exact"]) if critic else None
    if found is None:
        return None
    from scipy.stats import binomtest

    where, seeds = found
    passed, count = int(sum(seed[:, 0].sum() for seed in seeds)), len(seeds[0])
    if uncertainty.wilson_interval(0, count).high >= ATTACKS:
        return None
    fooled = effects.share([seed[:, 0] for seed in seeds])
    p_value = float(binomtest(math.ceil(passed / len(seeds)), count, ATTACKS, "less").pvalue)  # more seeds are not more attacks
    of = f" verdicts of {len(seeds)} seeds" if len(seeds) > 1 else ""
    detail = f"{passed:,} of {count * len(seeds):,}{of} passed; what passes the strict rule is no attack; of a critic trained from scratch "
    detail += "this proves little"
    return Told(where, fooled, p_value, count, fooled.high is not None and fooled.high < ATTACKS, detail)


def _on_policies(results: Results, found: Compared, borne_out: bool, detail: str) -> Told | None:
    """A line about policies; None where no item has a verdict under both."""
    places = out_of_domain(results)
    where = ", ".join(place.benchmark if place.items is None else f"{place.benchmark}: {place.part}" for place in places)
    where += "; all their items together" if len(places) > 1 else ""
    return None if found.effect is None else Told(where, found.effect, found.p_value, found.n, borne_out, detail)


LINES = (
    Line(
        "accepts",
        "The critic accepts right answers that the strict rule refuses, at no loss of precision "
        f"(less than {100 * LOST_AT_MOST:g} point, our choice): recall, points",
        _accepts_more,
        of_family=False,
    ),
    Line(
        "agrees",
        f"Where rules can read the reference, the critic agrees with them: kappa at least {KAPPA:g} (our choice; times 100)",
        _agrees,
        of_family=False,
    ),
    Line("generalises", "The rounds beat M_0 out of the seed's domain: last round, points", _generalises),
    Line("in_domain", "The rounds gain more than rounds on more programs for the seed questions do: points", _beats_in_domain),
    Line(
        "alignment", "DPO or ORPO adds accuracy, more than SFT on the chosen programs does: points over the policy before", _alignment_adds
    ),
    Line("lengths", "DPO without a likelihood term (lambda 0) lengthens responses, with one it does not: tokens, sampled", _lengthens),
    Line(
        "language",
        f"A critic of one language serves another: kappa with the truth at least {KAPPA:g} (our choice; times 100)",
        _serves_other_language,
        of_family=False,
    ),
    Line("attacks", f"Attacks that the critic holds to be right stay under {100 * ATTACKS:g} % (our choice)", _withstands, of_family=False),
)
"""In the paper's order; Holm adjusts over all that could be tested."""
TOKENS = frozenset({"lengths"})
"""Lines whose effect is in tokens; all others are shares, shown times 100."""
