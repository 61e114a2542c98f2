# AutoCode and its ablations, from raw public data to tables, figures and an HTML report.
#
# Every artifact is a file whose path you can type; typing it builds it and what it needs:
#
#   data/raw/{source}/                                              downloaded or mirrored files, checksummed
#   data/queries|sft|benchmarks/{dataset}.parquet                   one schema each
#   results/{run}/data/queries.parquet | sft.parquet                decontaminated training data of a run
#   results/{run}/base/{family}/seed{seed}/model/                   the base model: links, or built from scratch
#   results/{run}/start/{family}/seed{seed}/training.parquet | model/ ...        Code4Math: the policy iteration 1 starts from
#   results/{run}/{policy}/explore/{mode}/rollouts.parquet | grades.parquet      mode: native native_extra cot code
#   results/{run}/{experiment}/{family}/seed{seed}/iter{iteration}/
#       q_values.parquet  reference_strategy.parquet  training.parquet  logprobs.parquet
#       model/  training_log.parquet  settings.json  provenance.json
#   results/{run}/{policy}/eval/{mode}/{benchmark}/responses.parquet | grades.parquet | scores.json   mode: auto cot code
#   results/{run}/tables/{table}.csv | {table}.tex   results/{run}/figures/{figure}.svg | {figure}.pdf
#   data/external/{name}.jsonl  ->  results/external/{name}/graded.jsonl | tables/main.csv      response logs of others
#   reports/{run}/summary.html | responses.html                     pages to read
#   logs/results/{run}/costs.csv   logs/<same path>.log   logs/<same path>.timing.tsv   checkpoints/...  (resumable, undeclared, safe to delete)
#
# {policy} is start/{family}/seed{seed} or {experiment}/{family}/seed{seed}/iter{iteration}.
# {run} is a file of config/runs; its name is also a target: `snakemake demo`. `all` is the paper's run.

import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.0")

sys.path.insert(0, str(Path(workflow.basedir, "workflow_scripts")))
from mathcode import configuration, settings

try:
    CONFIG = configuration.load(config.get("config_folder", "config"))
except settings.SettingsError as error:
    raise WorkflowError(str(error))


report: "reports/workflow.rst"


include: "rules/common.smk"
include: "rules/cluster.smk"


wildcard_constraints:
    run=one_of(CONFIG.runs),
    family=one_of(CONFIG.families),
    experiment=one_of(experiment_names()),
    seed=r"[1-9]\d*",
    iteration=r"[1-9]\d?",
    policy=policy_pattern(),
    mode="native|native_extra|cot|code",
    shard=r"\d+of\d+",
    name=r"[\w.-]+",
    use="queries|sft",
    source=one_of(CONFIG.sources.sources),
    dataset=one_of([*CONFIG.sources.queries, *CONFIG.sources.sft]),
    benchmark=one_of(CONFIG.sources.benchmarks),


localrules:
    all,


rule all:
    """The default run: the paper."""
    input:
        run_targets("paper"),


include: "rules/data.smk"
include: "rules/start.smk"
include: "rules/explore.smk"
include: "rules/estimate.smk"
include: "rules/synthesize.smk"
include: "rules/train.smk"
include: "rules/evaluate.smk"
include: "rules/report.smk"
include: "rules/external.smk"


for name in CONFIG.runs:

    rule:
        name:
            name
        input:
            run_targets(name),
        localrule: True
