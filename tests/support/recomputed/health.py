"""Rows of the table of how trainings went, from the steps that they logged."""

from support.recomputed.finished_run import Run

KINDS_OF_RESPONSES = {
    "native responses": "exploratory_native",
    "dictated responses": "exploratory_dictated",
    "self-reflective responses": "reflective",
}


def health_row(run: Run, row: dict) -> dict:
    logs = [run.rows(f"{policy}/training_log.parquet") for policy in run.policies(row)]
    steps = [{part["name"]: part["value"] for part in step["parts"]} for log in logs for step in log]
    kind = KINDS_OF_RESPONSES[row["kind"]]
    ratios, squares, shares, kls = (
        [step[f"{name}/{kind}"] for step in steps] for name in ("ratio", "ratio_squared", "clip_share", "kl_behaviour")
    )
    return {
        "seeds": len(run.plan["seeds"]),
        "steps": len(steps),
        "ratio": max(ratios, key=lambda ratio: max(ratio, 1 / ratio)),
        "kl": max(kls),
        "clip_share": 100 * max(shares),
        "effective_share": 100 * min(ratio**2 / square for ratio, square in zip(ratios, squares, strict=True)),
        "breaches": "none",
    }
