"""A mirror folder: filled by one command, used on another machine, refused where a byte of it has changed."""

import shutil
from pathlib import Path

import pytest
import yaml
from support.public_data import FOLDER, needed
from support.running import ROOT

import fetch_model
import fetch_source
import fill_mirror
from mathcode import configuration, settings
from mathcode.data.sources import SourceError
from mathcode.policies.folders import ModelError

pytestmark = needed


@pytest.fixture
def config(tmp_path) -> Path:
    """Settings in which the laptop's model is a local folder; its weights are not read here."""
    model = tmp_path / "model"
    model.mkdir()
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (model / name).write_text(name)
    shutil.copytree(ROOT / "config", tmp_path / "config")
    families = yaml.safe_load((tmp_path / "config/families.yaml").read_text())
    families["qwen25coder_05b"] |= {"path": str(model), "hub": None, "revision": None}
    (tmp_path / "config/families.yaml").write_text(yaml.safe_dump(families))
    return tmp_path / "config"


@pytest.fixture
def mirror(tmp_path, config) -> Path:
    """What `fill_mirror.py` makes of public files for the run laptop."""
    words = ["laptop", "--out", str(tmp_path / "mirror"), "--mirror", str(FOLDER), "--config", str(config)]
    assert fill_mirror.main(words) == 0
    assert fill_mirror.main(words) == 0  # again: all is there, and checked
    return tmp_path / "mirror"


def fetched(name: str, mirror: Path, out: Path) -> Path:
    source = settings.dumps(configuration.load(ROOT / "config").sources.sources[name])
    assert fetch_source.main(["--name", name, "--source", source, "--mirror", str(mirror), "--out", str(out)]) == 0
    return out


def test_what_is_fetched_from_it_is_what_its_maker_fetches(tmp_path, mirror):
    raw, _ = configuration.needed(configuration.load(ROOT / "config"), "laptop")
    assert {path.name for path in (mirror / "raw").iterdir()} == {*raw}
    for name in raw:
        first, second = fetched(name, FOLDER, tmp_path / "first" / name), fetched(name, mirror, tmp_path / "second" / name)
        assert {file.name: file.read_bytes() for file in first.iterdir()} == {file.name: file.read_bytes() for file in second.iterdir()}
    assert fetch_model.main(["--name", "qwen25coder_05b", "--mirror", str(mirror), "--out", str(tmp_path / "linked")]) == 0
    assert sorted(file.name for file in (tmp_path / "linked").iterdir()) == ["config.json", "model.safetensors", "tokenizer.json"]


def test_a_changed_byte_is_refused(tmp_path, mirror):
    manifest = mirror / "raw/svamp/manifest.json"
    manifest.write_text(manifest.read_text().replace('"sha256": "', '"sha256": "0'))
    with pytest.raises(SourceError, match=r"raw/svamp/test\.jsonl\.gz: SHA-256 .* manifest\.json says 0.*; copy the file again"):
        fetched("svamp", mirror, tmp_path / "raw/svamp")
    model = mirror / "models/qwen25coder_05b"
    command = ["--name", "qwen25coder_05b", "--mirror", str(mirror), "--out", str(tmp_path / "linked")]
    (model / "model.safetensors").write_text("other")
    with pytest.raises(ModelError, match=r"model\.safetensors: not the file whose checksum is in SHA256SUMS: copy it again"):
        fetch_model.main(command)
    (model / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"SHA256SUMS: there is no file model\.safetensors: copy the folder again, whole"):
        fetch_model.main(command)
