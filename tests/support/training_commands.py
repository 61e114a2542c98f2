"""Commands that train a policy, as rules write them, and the checkpoints that they leave on their way."""

import json
import subprocess
import time
from pathlib import Path

from mathcode import settings
from mathcode.methods.autocode.settings import training as training_of
from mathcode.paths import Policy
from support.running import ROOT, environment, program, run_program


def outputs(folder) -> list:
    return [
        *("--out-model", folder / "out/model", "--out-log", folder / "out/log.parquet"),
        *("--out-settings", folder / "out/settings.json", "--out-provenance", folder / "out/provenance.json"),
        *("--seed", 1, "--checkpoints", folder / "kept"),
    ]


def start_command(folder, inputs, model, family, tiny_run, **optimizer) -> list[str]:
    chosen = settings_json(tiny_run, 0, start={"optimizer": optimizer})
    data = ["--training", inputs / "demonstrations.parquet", "--model", model, "--family", settings.dumps(family), "--settings", chosen]
    return program("train_policy", *data, *outputs(folder))


def settings_json(tiny_run, iteration: int, **changes) -> str:
    """What a rule hands to the trainer."""
    trained = Policy("main" if iteration else "start", "tiny", 1, iteration)
    return settings.dumps(training_of(type(tiny_run).model_validate(settings.merge(tiny_run.model_dump(), changes)), trained))


def train_command(folder, inputs, model, family, tiny_run, **changes) -> list[str]:
    chosen = ["--family", settings.dumps(family), "--settings", settings_json(tiny_run, 1, train=changes)]
    data = ["--training", inputs / "training.parquet", "--logprobs", inputs / "logprobs.parquet", "--model", model]
    return program("train_policy", *data, *chosen, *outputs(folder), "--iteration", 1)


def succeed(command: list[str], run=run_program) -> None:
    done = run(*command)
    assert done.returncode == 0, done.stderr[-2000:]


def begin(command: list[str]) -> subprocess.Popen:
    return subprocess.Popen(command, cwd=ROOT, env=environment(), stderr=subprocess.PIPE, text=True, start_new_session=True)


def checkpoints(folder) -> dict[int, Path]:
    """Folders of whole checkpoints, by step."""
    return {int(path.parent.name.removeprefix("step")): path.parent for path in (folder / "kept").glob("*/step*/.metadata")}


def wait_for_checkpoint(started: subprocess.Popen, folder, count: int = 1) -> None:
    """Until `count` checkpoints were seen, or the program has ended."""
    seen = set()
    while len(seen) < count and started.poll() is None:
        seen |= set(checkpoints(folder))
        time.sleep(0.002)


def sharded(command: list[str]) -> list[str]:
    """A command of `train_command` or `start_command`, on two processes among which accelerate shards the model."""
    python, path, *words = command
    launched = [python, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "--no-python", python]
    return [*launched, str(ROOT / "tests/support/sharded_training.py"), Path(path).stem, *words]


def sharded_steps(processes: int, inputs, policy, tiny_run, *more: str) -> list[dict]:
    """What `sharded_steps.py` prints of a whole policy, and of one that so many processes share."""
    command = [str(ROOT / "tests/support/sharded_steps.py"), str(inputs), str(policy), settings.dumps(tiny_run.train), *more]
    launch = ["python", "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(processes), "--no-python", "python"]
    done = [run_program(*started) for started in (["python", *command], [*launch, *command])]
    assert [one.returncode for one in done] == [0, 0], [one.stderr[-2000:] for one in done]
    return [json.loads(one.stdout) for one in done]
