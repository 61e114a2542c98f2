"""What `synthesize_responses.py` says before it reads anything."""

import pytest

import synthesize_responses
from mathcode.core.errors import InputError
from mathcode.settings import dumps


@pytest.mark.parametrize(("rehearsal", "given"), [(0.5, []), (0.0, ["--demonstrations", "training.parquet"])])
def test_rehearsal_needs_demonstrations_and_the_other_way_round(tiny_run, rehearsal, given):
    chosen = dumps(tiny_run.synthesize.model_copy(update={"rehearsal": rehearsal}))
    files = [word for name in ("rollouts", "grades", "strategy", "queries", "model", "out") for word in (f"--{name}", "nowhere")]
    rest = ["--profile", "plain", "--iteration", "1", "--seed", "1", "--settings", chosen]
    with pytest.raises(InputError, match="--demonstrations and the setting 'rehearsal' belong together"):
        synthesize_responses.main([*files, *rest, *given])
