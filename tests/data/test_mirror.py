"""A mirror folder: filled by one command, used on another machine, refused where a byte of it has changed."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from support.public_data import FOLDER, needed
from support.running import ROOT

import fetch_model
import fetch_source
import fill_mirror
from mathcode import configuration, settings
from mathcode.configuration import places
from mathcode.core.errors import InputError
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
    raw, _ = places.needed(configuration.load(ROOT / "config"), "laptop")
    assert {path.name for path in (mirror / "raw").iterdir()} == {*raw}
    for name in raw:
        first, second = fetched(name, FOLDER, tmp_path / "first" / name), fetched(name, mirror, tmp_path / "second" / name)
        assert {file.name: file.read_bytes() for file in first.iterdir()} == {file.name: file.read_bytes() for file in second.iterdir()}
    assert fetch_model.main(["--name", "qwen25coder_05b", "--mirror", str(mirror), "--out", str(tmp_path / "linked")]) == 0
    assert sorted(file.name for file in (tmp_path / "linked").iterdir()) == ["config.json", "model.safetensors", "tokenizer.json"]


def test_sizes_are_said_before_anything_is_fetched_and_no_room_is_one_sentence(tmp_path, config, monkeypatch, caplog):
    fetched = []
    monkeypatch.setattr(fill_mirror, "_mirror_source", lambda name, *_: fetched.append(name))
    monkeypatch.setattr(fill_mirror, "_mirror_model", lambda name, *_: fetched.append(name))
    words = ["paper", "laptop", "--out", str(tmp_path / "out"), "--mirror", str(tmp_path / "none"), "--config", str(config)]
    monkeypatch.setattr(fill_mirror.shutil, "disk_usage", lambda _: SimpleNamespace(free=60e9))
    weights = 2 * sum(configuration.costs(config).parameters[name] for name in ("deepseekmath", "qwen2math", "llama31")) / 1e9
    with caplog.at_level("INFO"):
        assert fill_mirror.main(words) == 0
    assert f"4 models: some {weights:.0f} GB of weights are to come; 60 GB are free" in caplog.messages[0]
    assert {"llama31", "svamp"} <= set(fetched)
    fetched.clear()
    begun = tmp_path / "out/models/llama31"
    begun.mkdir(parents=True)
    with (begun / "model.safetensors").open("wb") as half:
        half.truncate(int(10e9))  # a hole: it takes no room on the disk
    with caplog.at_level("INFO"):
        fill_mirror.main(words)
    assert any(f"some {weights - 10:.0f} GB of weights are to come" in message for message in caplog.messages)
    shutil.rmtree(begun)
    fetched.clear()
    monkeypatch.setattr(fill_mirror.shutil, "disk_usage", lambda _: SimpleNamespace(free=40e9))
    with pytest.raises(InputError, match=rf"some {weights:.0f} GB of weights are to come; 40 GB are free: name another folder with --out"):
        fill_mirror.main(words)
    assert fetched == []


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
