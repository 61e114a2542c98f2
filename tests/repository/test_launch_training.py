"""How training on several GPUs or nodes is started."""

import sys

import pytest
from support.running import run_program

import launch_training
from mathcode.core.errors import InputError

STEP = {"SLURM_NNODES": "2", "SLURM_NODEID": "1", "SLURM_JOB_ID": "30007"}
LAUNCH = [sys.executable, "-m", "accelerate.commands.launch"]


def test_gpus_get_a_process_each_and_all_meet_at_one_port():
    words = launch_training.on_each_node(8, "fsdp2.yaml", ["train.py", "--seed", "1"], STEP, "node1")
    assert words[:5] == [*LAUNCH, "--config_file", "fsdp2.yaml"]
    given = dict(zip(words[5:15:2], words[6:15:2], strict=True))
    assert (given["--num_machines"], given["--machine_rank"], given["--num_processes"]) == ("2", "1", "16")
    assert (given["--main_process_ip"], given["--main_process_port"]) == ("node1", "20007")
    assert words[15:] == ["train.py", "--seed", "1"]


def test_on_one_node_every_gpu_gets_a_process():
    words = launch_training.on_one_node(8, "fsdp2.yaml", ["train.py", "--seed", "1"])
    assert words[:5] == [*LAUNCH, "--config_file", "fsdp2.yaml"]
    assert words[5:] == ["--main_process_port", "0", "--num_processes", "8", "train.py", "--seed", "1"]
    with pytest.raises(InputError, match="start the program itself"):
        launch_training.on_one_node(0, "", ["train.py"])
    with pytest.raises(InputError, match="no program"):
        launch_training.on_one_node(8, "", [])


@pytest.mark.stage
def test_the_launcher_needs_no_path(tmp_path):
    """A job's Python need not be the first on PATH, and accelerate's own program need not be there."""
    done = run_program(*LAUNCH, "--help", PATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "--num_processes" in done.stdout


def test_a_step_of_several_nodes_does_not_train_on_each_by_itself(monkeypatch):
    monkeypatch.setenv("SLURM_STEP_NUM_NODES", "2")
    with pytest.raises(InputError, match="this job step has 2 nodes, and each would train a model of its own: give --nodes 2"):
        launch_training.main(["--gpus", "8", "train.py"])


def test_without_gpus_a_node_has_one_process():
    words = launch_training.on_each_node(0, "", ["train.py"], STEP | {"MASTER_PORT": "4711"}, "127.0.0.1")
    assert words[:3] == [sys.executable, "-m", "torch.distributed.run"]
    assert {"--nnodes=2", "--node_rank=1", "--nproc_per_node=1", "--master_addr=127.0.0.1", "--master_port=4711"} <= set(words)
    assert words[-1] == "train.py"


def test_where_all_meet_can_be_said():
    assert launch_training.first_host({"MASTER_ADDR": "somewhere", "SLURM_NODELIST": "n[1-2]"}) == "somewhere"


def test_outside_a_job_step_and_without_a_program_it_says_so():
    with pytest.raises(InputError, match="SLURM_NNODES is not set: start this through srun"):
        launch_training.on_each_node(0, "", ["train.py"], {}, "")
    with pytest.raises(InputError, match="no program"):
        launch_training.on_each_node(0, "", [], STEP, "node1")
