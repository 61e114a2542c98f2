"""Costs: what a hand-made folder of measurements adds up to, and what is refused."""

import json

import pytest
from support.running import run_program

from mathcode.methods.autocode import METHOD
from mathcode.report import costs

STAGES = {name: stage.jobs for name, stage in METHOD.stages.items()}

HEAD = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


def measured(folder, path: str, seconds, memory="1024", cpu="1800") -> None:
    file = folder / f"{path}.timing.tsv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{HEAD}{seconds}\t0:00:00\t{memory}\t1\t1\t1\t1\t1\t1\t{cpu}\n")


@pytest.fixture
def logs(tmp_path):
    measured(tmp_path, "start/tiny/seed1/model", 3600)
    measured(tmp_path, "main/tiny/seed1/iter1/model", 1800, memory="2048")
    measured(tmp_path, "main/tiny/seed1/iter2/model", 5400, memory="NA", cpu="NA")
    measured(tmp_path, "start/tiny/seed1/explore/native/queries/rollouts", 3600)
    measured(tmp_path, "main/tiny/seed1/iter1/explore/cot/queries/shards/2of8", 3600)
    measured(tmp_path, "start/tiny/seed1/eval/greedy/gsm8k/1of2", 36)
    measured(tmp_path, "start/tiny/seed1/eval/greedy/gsm8k/exact/grades", 36)
    measured(tmp_path, "elsewhere", 36)
    return tmp_path


def test_hours_are_added_up_by_stage_and_multiplied_by_gpus(logs):
    frame = costs.tabulate(logs, {"RL": 8, "exploration": 2}, STAGES)
    rows = {row["stage"]: row for row in frame.iter_rows(named=True)}
    assert list(rows) == ["SFT", "exploration", "RL", "evaluation", "grading of responses", "all"]
    assert rows["RL"] == {
        "stage": "RL",
        "jobs": 2,
        "gpus": 8,
        "hours": 2.0,
        "gpu_hours": 16.0,
        "cpu_hours": 0.5,
        "longest_hours": 1.5,
        "peak_memory_gb": 2.0,
    }
    assert (rows["exploration"]["jobs"], rows["exploration"]["gpu_hours"]) == (2, 4.0)
    assert (rows["all"]["jobs"], rows["all"]["gpu_hours"], rows["all"]["hours"]) == (7, 20.0, 5.02)
    assert frame.columns == list(costs.COLUMNS)


def test_a_folder_without_measurements_is_refused_by_name(tmp_path):
    with pytest.raises(costs.CostError, match=f"{tmp_path}: no job of any stage was measured"):
        costs.tabulate(tmp_path, {}, STAGES)


@pytest.mark.parametrize("text", ["", "nothing\n", HEAD, f"{HEAD}NA\t-\t1\t1\t1\t1\t1\t1\t1\t1\n", f"{HEAD}x\t-\t1\t1\t1\t1\t1\t1\t1\t1\n"])
def test_damaged_measurements_are_refused_by_name(tmp_path, text):
    path = tmp_path / "start/tiny/seed1/model.timing.tsv"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(costs.CostError, match=str(path)):
        costs.tabulate(tmp_path, {}, STAGES)


@pytest.mark.stage
def test_the_program_refuses_a_stage_that_there_is_not(logs):
    options = ("--method", "autocode", "--logs", logs, "--gpus", json.dumps({"R": 1}), "--out", logs / "c.csv")
    done = run_program("python", "workflow_scripts/tabulate_costs.py", *options)
    assert done.returncode == 1
    assert done.stderr.startswith("tabulate_costs.py: --gpus: there is no stage 'R'; there are: SFT,")
    assert not (logs / "c.csv").exists()
