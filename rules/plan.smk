"""A plan for programs to read: with `--config plan=FILE` a dry run writes its jobs to FILE, a JSON object a line (estimate_costs.py)."""

import atexit


@atexit.register
def write_plan():
    """At the end of the dry run: nothing else of Snakemake tells jobs with their files and resources."""
    if not (workflow.dryrun and workflow.dag is not None and config.get("plan")):  # a plan with nothing left to run counts as false
        return
    with open(config["plan"], "w", encoding="utf-8") as file:
        for job in workflow.dag.jobs:
            asks = {"gpus": job.resources.get("gpu", 0), "cores": job.threads, "left": workflow.dag.needrun(job)}
            files = {kind: [str(path) for path in getattr(job, kind)] for kind in ("input", "output")}
            print(json.dumps({"benchmark": str(job.benchmark or ""), **asks, **files}), file=file)
