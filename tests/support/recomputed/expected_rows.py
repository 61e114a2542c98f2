"""Which rows each table must have, from the plan of the run."""

from itertools import product

from support.recomputed.claims import CLAIMS
from support.recomputed.finished_run import MODES, Run
from support.recomputed.health import KINDS_OF_RESPONSES
from support.recomputed.keys import POLICY
from support.recomputed.samples import EXPLORED, numbers_of_samples


def expected_keys(run: Run, table: str) -> list[tuple]:
    """The values of `KEYS` of every row that a table of the plan has."""
    plan = run.plan
    if table == "sft_sources":
        return [("start", None, 0, None, benchmark, dataset) for dataset in plan["sft"] for benchmark in plan["benchmarks"]]
    if table == "claims":
        return [(claim, family, benchmark) for claim in CLAIMS for family in plan["families"] for benchmark in plan["benchmarks"]]
    start, last = [("start", 0)], plan["iterations"]
    ends_ = start + [(name, last) for name in plan["experiments"]]
    trained = [(name, iteration) for name in plan["experiments"] for iteration in range(1, last + 1)]
    if table == "health":
        return [
            (name, family, iteration, kind) for family in plan["families"] for name, iteration in trained for kind in KINDS_OF_RESPONSES
        ]
    regimes = [one for one in trained if one[0] == "main" or one[0].startswith("standard_rl")]
    families, benchmarks, selection = plan["families"], plan["benchmarks"], plan["selection_benchmarks"]
    wanted = {
        "main": ([*start, ("main", last)], MODES, benchmarks),
        "ablation": (start + trained, ("auto",), benchmarks),
        "frontier": (start, ("cot", "code", "auto"), benchmarks),
        "selection": (ends_, ("auto",), selection),
        "dictation": (ends_, MODES, benchmarks),
        "rounds": (ends_, ("auto",), benchmarks),
        "regimes": (start + regimes, ("auto",), benchmarks),
        "samples": (ends_, ("cot", "code"), selection),
    }

    def crossed(policies, modes, places) -> list[tuple]:
        made = product(families, policies, modes, places)
        return [(experiment, family, iteration, mode, place) for family, (experiment, iteration), mode, place in made]

    keys = crossed(*wanted[table])
    if table == "frontier":
        keys += crossed(ends_[1:], ("auto",), benchmarks)
    if table == "ablation":
        keys += crossed(start, ("code",), benchmarks)
    if table == "samples":
        keys += crossed(start + [("main", iteration) for iteration in range(1, last)], MODES, [EXPLORED])
        keys = [(*key, k) for key in keys for k in numbers_of_samples(run, dict(zip(POLICY, key, strict=True)))]
    return keys
