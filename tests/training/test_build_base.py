"""The program that makes a family's base policy: links to a model that there is, or a new one from scratch."""

import pytest
import torch
from support.running import files, program, run_here
from support.training_commands import succeed

from mathcode import settings, tables
from mathcode.core import provenance

pytestmark = pytest.mark.stage


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def base_command(folder, family, *more: object) -> list[str]:
    return program(
        "build_base", "--out-model", folder / "model", "--method", "autocode", "--family", settings.dumps(family), "--seed", 1, *more
    )


def test_a_family_with_a_base_model_gets_a_folder_of_links(trained_policy, tiny_family, tmp_path):
    family = tiny_family.model_copy(update={"scratch": None, "path": "anywhere", "precondition": "none"})
    succeed(base_command(tmp_path, family, "--model", trained_policy), run_here)
    assert provenance.folder_digest(tmp_path / "model") == provenance.folder_digest(trained_policy)
    assert all(path.is_symlink() for path in (tmp_path / "model").iterdir())


def test_a_family_from_scratch_is_built_by_its_seed(pairs, tiny_family, tmp_path):
    tables.SFT.write(pairs, tmp_path / "sft.parquet")
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        succeed(base_command(tmp_path / name, tiny_family, "--sft", tmp_path / "sft.parquet", "--seed", seed), run_here)
    one, same, other = (files(tmp_path / name) for name in ("one", "same", "other"))
    assert one == same
    assert {name for name in one if one[name] != other[name]} == {"model/model.safetensors"}


@pytest.mark.parametrize(("scratch", "said"), [(True, "--sft: a family built from scratch"), (False, "--model: a family that is not")])
def test_a_base_without_what_it_is_made_of_is_one_sentence(tiny_family, tmp_path, scratch, said):
    family = tiny_family if scratch else tiny_family.model_copy(update={"scratch": None, "path": "anywhere"})
    done = run_here(*base_command(tmp_path, family))
    assert (done.returncode, list(tmp_path.iterdir())) == (1, [])
    assert done.stderr.startswith(f"build_base.py: {said}")
