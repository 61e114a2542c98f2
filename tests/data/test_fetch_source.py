import gzip
import hashlib
import http.client
import io
import json
import sys
import types
from pathlib import Path
from typing import ClassVar

import polars as pl
import pytest

import fetch_source
import fill_mirror
from mathcode import settings
from mathcode.data import sources
from mathcode.data.sources import SourceError

ROWS = [{"question": "1 + 1?", "answer": "2"}, {"question": "größer", "answer": "\u2028"}]
TEXT = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS).encode()


def source(
    path: str = "set/train.jsonl.gz", rows: int | None = 2, sha256: str | None = hashlib.sha256(TEXT).hexdigest(), **more
) -> settings.Source:
    return settings.Source(license="MIT", files=[{"path": path, "rows": rows, "sha256": sha256}], **more)


def mirrored(folder: Path, content: bytes, path: str = "set/train.jsonl.gz") -> Path:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(content)
    return folder


def test_a_mirrored_file_is_kept_byte_for_byte(tmp_path):
    packed = gzip.compress(TEXT, mtime=1234)
    mirror = mirrored(tmp_path / "mirror", packed)
    manifest = sources.fetch("set", source(), mirror, tmp_path / "raw/set")
    assert (tmp_path / "raw/set/train.jsonl.gz").read_bytes() == packed
    assert manifest["files"] == [{"name": "train.jsonl.gz", "rows": 2, "sha256": hashlib.sha256(TEXT).hexdigest()}]
    assert str(tmp_path) not in (tmp_path / "raw/set/manifest.json").read_text()
    assert [record for _, record in sources.read_source(tmp_path / "raw/set")] == ROWS
    assert [path.name for path in (tmp_path / "raw").iterdir()] == ["set"]


def test_what_is_at_hand_is_what_would_be_read(tmp_path):
    mirror, raw = tmp_path / "mirror", tmp_path / "raw"
    assert sources.at_hand("set", source(), mirror, raw) == {}
    assert sources.count_rows("set", source(), mirror, raw) is None
    file = mirrored(mirror, gzip.compress(TEXT)) / "set/train.jsonl.gz"
    assert sources.at_hand("set", source(), mirror, raw) == {file: None}
    assert sources.count_rows("set", source(), mirror, raw) == 2
    two = settings.Source(license="MIT", files=[{"path": "set/train.jsonl.gz"}, {"path": "set/more.jsonl"}])
    assert sources.at_hand("set", two, mirror, raw) == {}  # half a source is none
    sources.fetch("set", source(), mirror, mirror / "raw/set")
    assert sources.at_hand("set", source(), mirror, raw) == {mirror / "raw/set/train.jsonl.gz": 2}
    sources.fetch("set", source(), mirror, raw / "set")
    assert sources.at_hand("set", source(), mirror, raw) == {raw / "set/train.jsonl.gz": 2}
    (raw / "set/train.jsonl.gz").unlink()
    assert sources.count_rows("set", source(), mirror, raw) == 2  # by the manifest
    generated = settings.Source(license="MIT", generate={"rows": 3})
    assert sources.at_hand("sums", generated, mirror, raw) == {}


def test_an_edited_file_of_ones_own_comes_before_its_copies(tmp_path):
    """Also where `fill_mirror.py` has filled the folder that it lies in."""
    mirror, raw, own = tmp_path / "mirror", tmp_path / "raw", source(sha256=None, rows=None)
    file = mirrored(mirror, gzip.compress(TEXT)) / "set/train.jsonl.gz"
    folders = types.SimpleNamespace(mirror=mirror, out=mirror)
    fill_mirror._mirror_source("set", own, folders)
    sources.fetch("set", own, mirror, raw / "set")
    file.write_bytes(gzip.compress(b'{"edited": true}\n'))
    assert sources.at_hand("set", own, mirror, raw) == {file: None}
    for refetch in (lambda: sources.fetch("set", own, mirror, raw / "set"), lambda: fill_mirror._mirror_source("set", own, folders)):
        refetch()
        assert [record for _, record in sources.read_source(raw / "set")] == [{"edited": True}]
    assert [record for _, record in sources.read_source(mirror / "raw/set")] == [{"edited": True}]
    file.unlink()
    assert sources.at_hand("set", own, mirror, tmp_path / "none") == {mirror / "raw/set/train.jsonl.gz": 1}


@pytest.mark.parametrize("suffix", ["jsonl", "jsonl.gz", "json", "json.gz", "parquet"])
def test_every_kind_of_file_is_read(tmp_path, suffix):
    path = tmp_path / f"records.{suffix}"
    if suffix == "parquet":
        pl.DataFrame(ROWS).write_parquet(path)
    else:
        text = TEXT if suffix.startswith("jsonl") else json.dumps(ROWS, indent=1).encode()
        path.write_bytes(gzip.compress(text) if suffix.endswith("gz") else text)
    assert list(sources.read_records(path)) == ROWS


def test_short_floats_of_a_parquet_file_are_the_numbers_that_are_seen(tmp_path):
    seen = [0.1, 2.5, 1e-7, 123456.7, 16777216.0, None]
    pl.DataFrame({"answer": seen, "other": seen}, schema={"answer": pl.Float32, "other": pl.Float64}).write_parquet(
        tmp_path / "own.parquet"
    )
    assert list(sources.read_records(tmp_path / "own.parquet")) == [{"answer": one, "other": one} for one in seen]


@pytest.mark.parametrize(
    ("content", "changes", "message"),
    [
        (gzip.compress(TEXT, mtime=0) + b"rubbish", {}, "damaged gzip"),
        (gzip.compress(b"", mtime=0), {"sha256": None}, "0 rows"),
        (b"", {"sha256": None}, "0 rows|damaged gzip"),
        (gzip.compress(b'{"a": 1}\n{"a": \n', mtime=0), {"sha256": None}, "row 2 \\(line 2\\): no JSON"),
    ],
)
def test_a_bad_mirror_file_is_refused_by_name_and_leaves_nothing(tmp_path, content, changes, message):
    mirror = mirrored(tmp_path / "mirror", content)
    with pytest.raises(SourceError, match=message) as caught:
        sources.fetch("set", source(**changes), mirror, tmp_path / "raw/set")
    assert "mirror/set/train.jsonl.gz" in str(caught.value)
    assert list((tmp_path / "raw").iterdir()) == []


def test_an_older_copy_survives_a_failed_fetch(tmp_path):
    mirror = mirrored(tmp_path / "mirror", gzip.compress(TEXT))
    sources.fetch("set", source(), mirror, tmp_path / "raw/set")
    with pytest.raises(SourceError):
        sources.fetch("set", source(rows=9), mirror, tmp_path / "raw/set")
    assert len(list(sources.read_source(tmp_path / "raw/set"))) == 2


def test_a_source_nowhere_says_where_it_was_looked_for(tmp_path, monkeypatch):
    def nothing(*_, **__):
        raise ConnectionError("no network")

    monkeypatch.setitem(sys.modules, "datasets", types.SimpleNamespace(load_dataset=nothing))
    with pytest.raises(SourceError) as caught:
        sources.fetch("set", source(hub="someone/set", revision="abc"), tmp_path / "mirror", tmp_path / "raw/set")
    for words in ("'set'", "mirror/set/train.jsonl.gz", "someone/set", "abc", "no network"):
        assert words in str(caught.value)
    with pytest.raises(SourceError, match=r"no mirror folder is configured"):
        sources.fetch("set", source(), None, tmp_path / "raw/set")


def test_an_address_is_used_where_the_mirror_has_nothing(tmp_path):
    served = mirrored(tmp_path / "served", TEXT, "train.jsonl") / "train.jsonl"
    files = [{"path": "set/train.jsonl.gz", "rows": 2, "sha256": hashlib.sha256(TEXT).hexdigest(), "url": served.as_uri()}]
    manifest = sources.fetch("set", settings.Source(license="MIT", files=files), None, tmp_path / "raw/set")
    assert manifest["origin"].startswith("address: ")
    assert [record for _, record in sources.read_source(tmp_path / "raw/set")] == ROWS


class _Response(io.BytesIO):
    """What a server sends that announced more."""

    headers: ClassVar = {"Content-Length": str(len(TEXT) + 1)}


class _Broken(_Response):
    def read(self, _=None):
        raise http.client.IncompleteRead(b"1")


@pytest.mark.parametrize(
    ("address", "response", "said"),
    [
        ("http://a.example/b c", None, "can't contain control characters"),
        ("http://a.example/b", _Response(TEXT), f"broken off after {len(TEXT)} of {len(TEXT) + 1} bytes"),
        ("http://a.example/b", _Broken(), "IncompleteRead"),
    ],
)
def test_an_address_that_gives_no_whole_file_is_one_sentence(tmp_path, monkeypatch, address, response, said):
    if response is not None:
        monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: response)
    own = settings.Source(license="MIT", files=[{"path": "own.jsonl", "url": address}])
    with pytest.raises(SourceError) as caught:
        sources.fetch("set", own, None, tmp_path / "raw/set")
    assert f"address {address}: " in str(caught.value)
    assert said in str(caught.value)


def test_an_address_may_end_in_anything(tmp_path):
    """What is fetched is named and read as the file that `path` names."""
    served = mirrored(tmp_path / "served", TEXT, "resolve") / "resolve"
    fetched = settings.Source(license="MIT", files=[{"path": "own/questions.jsonl", "url": f"{served.as_uri()}"}])
    sources.fetch("set", fetched, None, tmp_path / "raw/set")
    assert [record for _, record in sources.read_source(tmp_path / "raw/set")] == ROWS


def test_hub_parts_are_joined_and_counted(tmp_path, monkeypatch):
    asked = []

    def load_dataset(hub, subset, split, revision):
        asked.append((hub, subset, split, revision))
        return ROWS

    monkeypatch.setitem(sys.modules, "datasets", types.SimpleNamespace(load_dataset=load_dataset))
    hub = settings.Source(license="MIT", hub="someone/set", revision="abc", subset="one,two", split="train", rows=4)
    sources.fetch("set", hub, None, tmp_path / "raw/set")
    assert asked == [("someone/set", "one", "train", "abc"), ("someone/set", "two", "train", "abc")]
    assert [record for _, record in sources.read_source(tmp_path / "raw/set")] == ROWS * 2
    with pytest.raises(SourceError, match=r"4 rows, config/sources.yaml says 5"):
        sources.fetch("set", hub.model_copy(update={"rows": 5}), None, tmp_path / "raw/other")


def test_generated_sources_are_equal_to_the_byte(tmp_path):
    generated = settings.Source(
        license="MIT", rows=30, generate={"split": "dev", "rows": 30, "seed": 1, "mix": {"small": 0.5, "bill": 0.5}}
    )
    for name in ("one", "two"):
        arguments = ["--name", "set", "--source", settings.dumps(generated), "--out", str(tmp_path / name)]
        assert fetch_source.main(arguments) == 0
    for name in (sources.MANIFEST, sources.RECORDS):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_read_source_refuses_what_fetch_did_not_make(tmp_path):
    with pytest.raises(SourceError, match="manifest"):
        list(sources.read_source(tmp_path))
    sources.fetch("set", source(), mirrored(tmp_path / "mirror", gzip.compress(TEXT)), tmp_path / "raw")
    (tmp_path / "raw/train.jsonl.gz").write_bytes(gzip.compress(TEXT.splitlines(keepends=True)[0]))
    with pytest.raises(SourceError, match=r"1 rows, its manifest says 2"):
        list(sources.read_source(tmp_path / "raw"))


def test_program_reads_the_source_from_its_flag(tmp_path):
    mirror = mirrored(tmp_path / "mirror", gzip.compress(TEXT))
    arguments = ["--name", "set", "--mirror", str(mirror), "--out", str(tmp_path / "raw"), "--source"]
    assert fetch_source.main([*arguments, settings.dumps(source())]) == 0
    with pytest.raises(settings.SettingsError, match="licence"):
        fetch_source.main([*arguments, '{"license": "MIT", "licence": "MIT"}'])
