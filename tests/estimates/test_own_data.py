"""Estimates of what is one's own: rows and weights that no setting says are counted where their files are here."""

import gzip
import re
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from safetensors.numpy import save_file
from support.running import ROOT

import estimate_costs
from mathcode import configuration, settings
from mathcode.estimates.sizes import Sizes
from mathcode.policies.folders import ModelError

CONFIG, COSTS = configuration.load(ROOT / "config"), configuration.costs(ROOT / "config")

OWN = {
    "own.csv": b"q,a\n1 + 1?,2\n1 + 2?,3\n",
    "own.jsonl": b'{"q": "1 + 1?", "a": 2}\n\n{"q": "1 + 2?", "a": 3}\n',
    "own.jsonl.gz": gzip.compress(b'{"q": "1 + 1?", "a": 2}\n{"q": "1 + 2?", "a": 3}\n'),
}
"""Files of one's own, two rows each; `rows` is said of none."""


def with_own(files: list[str], folder: Path, **dataset) -> tuple[configuration.Config, str]:
    """The shipped settings with a benchmark of one's own, and a family in a local folder; and the mirror folder."""
    said = {
        "sources": {"own": {"license": "mine", "files": [{"path": name} for name in files]}},
        "benchmarks": {"own": {"source": "own", "reader": "amc23", **dataset}},
        "sft": {"own": {"source": "own", "reader": "gsm8k_cot"}},
    }
    sources = settings.Sources.model_validate(settings.merge(CONFIG.sources.model_dump(), said))
    family = settings.Family(label="mine", path=str(folder / "model"), precondition="sft", prompt="chatml", train_dtype="float32")
    return CONFIG.model_copy(update={"sources": sources, "families": {**CONFIG.families, "mine": family}}), str(folder / "mirror")


def sizes_with(config: configuration.Config, mirror: str) -> Sizes:
    return Sizes(config.runs["demo"], config.sources, config.families, COSTS, 20, *estimate_costs._here(config, mirror))


@pytest.mark.parametrize("files", [[name] for name in OWN] + [["own.parquet"], ["own.csv", "own.jsonl"]], ids=" ".join)
def test_rows_that_are_not_said_are_counted_where_the_files_are_here(tmp_path, monkeypatch, files):
    monkeypatch.chdir(tmp_path)
    sizes = sizes_with(*with_own(files, tmp_path))
    for group in ("benchmarks", "sft"):
        sentence = f"config/sources.yaml: {group} 'own': key 'rows' is needed for an estimate: set it, since source 'own' is not here"
        with pytest.raises(settings.SettingsError, match=re.escape(sentence)):
            sizes.dataset(group, "own")
    (tmp_path / "mirror").mkdir()
    pl.DataFrame({"q": ["1 + 1?", "1 + 2?"], "a": [2, 3]}).write_parquet(tmp_path / "mirror/own.parquet")
    for name, content in OWN.items():
        (tmp_path / "mirror" / name).write_bytes(content)
    sizes = sizes_with(*with_own(files, tmp_path))
    assert [sizes.dataset(group, "own") for group in ("benchmarks", "sft")] == [2 * len(files)] * 2
    (tmp_path / "mirror" / files[0]).unlink()
    assert sizes.dataset("sft", "own") == 2 * len(files)  # counted once, however many jobs read it
    assert sizes_with(*with_own(files, tmp_path, rows=7)).dataset("benchmarks", "own") == 7  # what is said is not counted


def test_weights_that_are_not_said_are_read_from_the_headers_of_a_model_that_is_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model").mkdir()
    config, mirror = with_own([], tmp_path)
    with pytest.raises(settings.SettingsError, match="family 'mine' is needed for an estimate"):
        sizes_with(config, mirror).weights("mine")
    parts = [{"embed": np.zeros((5, 3), np.float32)}, {"up": np.zeros((2, 3, 4), np.float16), "norm": np.zeros(3, np.float32)}]
    for number, part in enumerate(parts, start=1):
        save_file(part, tmp_path / "model" / f"model-0000{number}-of-00002.safetensors")
    assert sizes_with(config, mirror).weights("mine") == 5 * 3 + 2 * 3 * 4 + 3
    shutil.copytree(tmp_path / "model", tmp_path / "mirror/models/llama31")
    assert sizes_with(config, mirror).weights("llama31") == COSTS.parameters["llama31"]  # what is said is not counted
    (tmp_path / "model/model-00001-of-00002.safetensors").write_bytes(b"x" * 20)
    with pytest.raises(ModelError, match=r"model: its model-00001-of-00002\.safetensors cannot be read"):
        sizes_with(config, mirror).weights("mine")
