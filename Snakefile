# From raw public data to tables, figures and an HTML report: AutoCode and SIaM, each with its ablations, on the same parts.
#
# Every artifact is a file whose path you can type; typing it builds it and what it needs:
#
#   data/raw/{source}/                                              downloaded or mirrored files, checksummed
#   data/models/{family}/                                           base models
#   data/queries|sft|benchmarks/{dataset}.parquet                   one schema each; shared by all runs
#   results/{run}/data/queries.parquet | sft.parquet | pretraining.parquet    training data of a run, cleaned of what its guard holds
#   results/{run}/data/{pool}.parquet                               queries of a pool, where a run divides any
#   results/{run}/data/overlap/{use}/{benchmark}/items.parquet | counts.parquet
#   results/{run}/scratch/{family}/seed{seed}/model/                random weights of a family whose base is then trained
#   results/{run}/base|seeded|start/{family}/seed{seed}/            training.parquet  model/  training_log.parquet  settings.json  provenance.json
#   results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/  the same, and logprobs; q_values  reference_strategy (AutoCode); accepted (SIaM)
#   results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/{preference}/  the same, aligned (SIaM)
#   results/{run}/critics/{critic}/seed{seed}/                      the same, and cases.parquet
#   results/{run}/cases/{case_set}.parquet | {case_set}/seed{seed}/{judge}/verdicts.parquet
#   results/{run}/{policy}/explore/{mode}/{pool}/rollouts.parquet | {judge}/grades.parquet
#   results/{run}/{policy}/eval/{mode}/{benchmark}/responses.parquet | {judge}/grades.parquet | {judge}/scores.json
#   results/{run}/tables/{table}.csv | {table}.tex   results/{run}/figures/{figure}.svg | {figure}.pdf
#   data/external/{name}.jsonl  ->  results/external/{name}/graded.jsonl | tables/main.csv      response logs of others
#   reports/{run}/summary.html | responses.html                     pages to read
#   logs/results/{run}/costs.csv   logs/<same path>.log   logs/<same path>.timing.tsv   checkpoints/...  (resumable, undeclared, safe to delete)
#
# {policy} is base|seeded|start/{family}/seed{seed}, {experiment}/{family}/seed{seed}/iter{iteration}, or that and /{preference}; {judge} is
# a rule such as exact (`JUDGES` in configuration/named.py), critic_{critic} or cascade_{critic}. {run} is a file of config/runs; its name is also a target:
# `snakemake demo`. `all` builds both papers' runs: `paper` (AutoCode) and `siam`.

import json
import math
import os
import shlex
import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.0")

sys.path.insert(0, str(Path(workflow.basedir, "workflow_scripts")))
from mathcode import configuration, paths, settings


include: "rules/refuse.smk"


SUBMITTED = "MATHCODE_SETTINGS"
"""Environment variable that names the settings a job was submitted with (rules/cluster.smk)."""

refuse_missing_mirror(config.get("mirror"))
try:
    config_folder = config.get("config_folder", "config")
    if workflow.remote_exec:
        config_folder = os.environ.get(SUBMITTED, config_folder)
    overrides = {name: value for name, value in config.items() if name not in ("config_folder", "mirror", "plan")}
    looked_into = None if workflow.remote_exec else config.get("mirror", "data/mirror") or ""  # a job has been planned already
    CONFIG = configuration.load(config_folder, overrides, looked_into, tolerant=True)
except settings.SettingsError as error:
    refuse(error)
tell_left_out(*CONFIG.left_out.values())


report: "reports/workflow.rst"


include: "rules/names.smk"
include: "rules/params.smk"
include: "rules/resources.smk"
include: "rules/inputs.smk"
include: "rules/targets.smk"
include: "rules/cluster.smk"
include: "rules/plan.smk"


localrules:
    all,


rule all:
    """The default: both papers."""
    input:
        lambda wildcards: [path for run in ("paper", "siam") for path in run_targets(run)],


# Shared by all methods.
include: "rules/data.smk"
include: "rules/base.smk"
include: "rules/train.smk"
include: "rules/explore.smk"
include: "rules/evaluate.smk"
include: "rules/judge.smk"
include: "rules/critic.smk"
include: "rules/report.smk"
include: "rules/external.smk"


# Each method's own: first the functions that its rules name, then the rules.
for folder in sorted(Path(workflow.basedir, "rules").glob("*/")):
    for file in sorted(folder.glob("*.smk"), key=lambda file: (file.name != "inputs.smk", file.name)):

        include: file


for name in CONFIG.runs:
    if workflow.is_rule(name):
        tell_left_out(f"{config_folder}/runs/{name}.yaml: a rule of the workflow is called '{name}' too: rename the file")
        continue

    rule:
        name:
            name
        input:
            run_targets(name),
        localrule: True
