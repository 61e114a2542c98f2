"""Policies on disk, and the tokenizer of the tiny ones."""

import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import httpx2
import pytest
import safetensors.torch
import torch
import transformers

from mathcode.core import provenance
from mathcode.core.errors import InputError
from mathcode.data import arithmetic
from mathcode.methods.autocode import demonstrations, dictations
from mathcode.methods.autocode.form import FORM, with_cue
from mathcode.policies import folders, mirrors, scoring, scratch, tokens
from mathcode.policies.folders import ModelError
from mathcode.responses import prompts
from mathcode.responses.parse import CLOSE_FENCE, CODE_FENCE, OUTPUT_FENCE, render_output

WRITTEN = ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]


@pytest.fixture(scope="module")
def texts():
    """Questions of every family and split, and both solutions of each as complete responses."""
    mix = {"small": 0.25, "big": 0.25, "verbal": 0.25, "bill": 0.25}
    found = []
    for split in ("sft", "ood"):
        for record in arithmetic.generate({"split": split, "rows": 40, "seed": 1, "mix": mix}):
            shown = f"{CODE_FENCE}\n{record['code']}\n{CLOSE_FENCE}\n{OUTPUT_FENCE}{render_output(record['answer'])}"
            solutions = {"cot": record["cot"], "code": f"{shown}The answer is \\boxed{{{record['answer']}}}."}
            found += [dictations.render("plain", mode, record["question"]) for mode in ("native", "cot", "code")]
            found += [with_cue(*solution) for solution in solutions.items()]
            found.append(f"{found[-2]}\n{FORM.hints['code']}\n{found[-1]}")
    return found


@pytest.fixture(scope="module")
def tokenizer(texts):
    return scratch.build_tokenizer(texts, 460, FORM.phrases)


def test_generated_texts_survive_the_tokenizer(tokenizer, texts):
    assert len(tokenizer) <= 460
    for text in texts:
        assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_printable_text_survives_the_tokenizer(tokenizer):
    text = "".join(map(chr, range(32, 127))) + "\n\n  x = {1: 'a'}  \n"
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_a_decision_is_one_token(tokenizer):
    cues = [tokenizer(cue)["input_ids"] for cue in FORM.cues.values()]
    assert [len(ids) for ids in cues] == [1, 1]
    assert cues[0] != cues[1]
    for name, cue in FORM.cues.items():
        prompt = prompts.render("plain", "What is 2 + 3?")
        assert tokenizer(f"{prompt}{cue}\n")["input_ids"] == tokenizer(prompt)["input_ids"] + tokenizer(f"{FORM.cues[name]}\n")["input_ids"]
    for hint in FORM.hints.values():
        assert len(tokenizer(hint)["input_ids"]) == 1
    assert len(tokenizer(OUTPUT_FENCE)["input_ids"]) == 1


def test_digits_stand_alone(tokenizer):
    assert not [token for token in tokenizer.get_vocab() if sum(character.isdigit() for character in token) > 1]
    assert tokenizer.convert_ids_to_tokens(tokenizer("1234 56")["input_ids"]) == ["1", "2", "3", "4", " 5", "6"]


def test_end_and_padding_are_two_special_tokens(tokenizer):
    assert tokenizer.eos_token_id != tokenizer.pad_token_id
    ids = [*tokenizer("5")["input_ids"], tokenizer.eos_token_id, tokenizer.pad_token_id]
    assert tokenizer.decode(ids, skip_special_tokens=True) == "5"


def test_the_same_texts_give_the_same_tokenizer(tokenizer, texts):
    assert scratch.build_tokenizer(texts, 460, FORM.phrases).get_vocab() == tokenizer.get_vocab()


def test_a_policy_is_loaded_as_it_was_saved(tiny_policy, tiny_family, pairs, tmp_path):
    assert sorted(os.listdir(tiny_policy)) == WRITTEN
    built, tokenizer = scratch.build(tiny_family.scratch, demonstrations.texts(pairs, "plain"), FORM.phrases, seed=3)
    loaded = folders.load_policy(tiny_policy, "float32")
    for name, weights in built.state_dict().items():
        assert torch.equal(weights, loaded.state_dict()[name])
    again = folders.load_tokenizer(tiny_policy)
    assert again.get_vocab() == tokenizer.get_vocab()
    assert (again.eos_token_id, again.pad_token_id) == (tokenizer.eos_token_id, tokenizer.pad_token_id)
    assert folders.end_tokens(loaded, again) == {tokenizer.eos_token_id}
    assert folders.load_policy(tiny_policy, "bfloat16").dtype == torch.bfloat16
    folders.save_policy(loaded, again, tmp_path / "again")
    for name in ("model.safetensors", "tokenizer.json", "config.json"):
        assert (tmp_path / "again" / name).read_bytes() == (tiny_policy / name).read_bytes()
    folders.save_policy(folders.load_policy(tiny_policy, "float32"), folders.load_tokenizer(tiny_policy), tmp_path / "once_more")
    assert provenance.folder_digest(tmp_path / "once_more") == provenance.folder_digest(tmp_path / "again")


@pytest.mark.stage
def test_the_seed_makes_the_weights(tiny_family):
    def weights(seed):
        return scratch.build_policy(tiny_family.scratch, 50, 1, 0, seed).state_dict()["model.embed_tokens.weight"]

    assert torch.equal(weights(1), weights(1))
    assert not torch.equal(weights(1), weights(2))


def test_a_digest_is_of_names_and_bytes(tiny_policy, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(tiny_policy, copy)
    digest = provenance.folder_digest(tiny_policy)
    assert provenance.folder_digest(copy) == digest
    (copy / "notes.md").write_text("no part of the policy")
    assert provenance.folder_digest(copy) == digest
    (copy / "generation_config.json").rename(copy / "generation.json")
    assert provenance.folder_digest(copy) != digest
    (copy / "generation.json").rename(copy / "generation_config.json")
    with open(copy / "model.safetensors", "r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)[0]
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last ^ 1]))
    assert provenance.folder_digest(copy) != digest


def test_a_policy_that_cannot_be_saved_whole_is_not_there(tiny_policy, tmp_path, monkeypatch):
    model, tokenizer = folders.load_policy(tiny_policy, "float32"), folders.load_tokenizer(tiny_policy)
    folder = tmp_path / "model"

    def fail(*_, **__):
        raise OSError("no space left on device")

    monkeypatch.setattr(type(tokenizer), "save_pretrained", fail)
    with pytest.raises(folders.ModelError, match="no space left"):
        folders.save_policy(model, tokenizer, folder)
    assert os.listdir(tmp_path) == []
    monkeypatch.undo()
    folder.mkdir()  # as Snakemake does
    (folder / "old").touch()
    folders.save_policy(model, tokenizer, folder)
    assert sorted(os.listdir(folder)) == WRITTEN
    assert os.listdir(tmp_path) == ["model"]


def test_a_linked_policy_is_the_policy(tiny_policy, tmp_path):
    folder = tmp_path / "start" / "model"
    mirrors.link_policy(tiny_policy, folder)
    mirrors.link_policy(tiny_policy, folder)  # as a rule that runs again
    assert sorted(os.listdir(folder)) == WRITTEN
    assert all((folder / name).is_symlink() for name in WRITTEN)
    assert provenance.folder_digest(folder) == provenance.folder_digest(tiny_policy)
    twice = tmp_path / "other" / "model"
    mirrors.link_policy(folder, twice)
    shutil.rmtree(folder)
    assert provenance.folder_digest(twice) == provenance.folder_digest(tiny_policy)  # links lead to the files, not to links


def test_a_folder_without_a_model_is_named(tmp_path):
    for use, error in (
        (folders.load_tokenizer, ModelError),
        (provenance.folder_digest, InputError),
        (lambda folder: folders.load_policy(folder, "float32"), ModelError),
        (lambda folder: mirrors.link_policy(folder, tmp_path / "link"), ModelError),
    ):
        for folder in (tmp_path, tmp_path / "absent"):
            with pytest.raises(error, match=rf"{folder}: no model here \(config\.json is missing\)"):
                use(folder)
    assert os.listdir(tmp_path) == []


def test_a_part_of_a_model_is_not_taken_for_a_whole_one(tiny_policy, tmp_path):
    """As a copy that was killed leaves it: neither linked, nor copied and given checksums that would vouch for it."""
    part = tmp_path / "part"
    part.mkdir()
    shutil.copy(tiny_policy / "config.json", part)
    for use in (mirrors.link_policy, mirrors.copy_policy):
        with pytest.raises(ModelError, match=rf"{part}: no weights here .* again, whole"):
            use(part, tmp_path / "other")
    (part / "model.safetensors.index.json").write_text('{"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}')
    shutil.copy(tiny_policy / "model.safetensors", part / "model-1.safetensors")
    index = part / "model.safetensors.index.json"
    for broken in ("", "[]", '{"weight_map": {"a"', '{"weight_map": ["a"]}'):
        whole = index.read_text()
        index.write_text(broken)
        with pytest.raises(ModelError, match=r"index\.json: no readable index of weights: .* again, whole"):
            mirrors.link_policy(part, tmp_path / "other")
        index.write_text(whole)
    for use in (mirrors.link_policy, mirrors.copy_policy):
        with pytest.raises(ModelError, match=r"there is no file model-2\.safetensors"):
            use(part, tmp_path / "other")
    assert not (tmp_path / "other").exists()
    mirrors.copy_policy(tiny_policy, tmp_path / "other")
    assert provenance.folder_digest(tmp_path / "other") == provenance.folder_digest(tiny_policy)


@pytest.fixture
def other_process(monkeypatch):
    """This process is the second of a launch that will shard the model."""
    monkeypatch.setattr(transformers.integrations, "is_fsdp_enabled", lambda: True)
    monkeypatch.setenv("RANK", "1")


def test_a_process_that_is_given_its_weights_has_the_same_model_without_them(tiny_policy, other_process, monkeypatch):
    waiting = folders.load_policy(tiny_policy, "float32")
    monkeypatch.setenv("RANK", "0")
    reading = folders.load_policy(tiny_policy, "float32")
    kinds = [{name: (value.shape, value.dtype) for name, value in model.state_dict().items()} for model in (waiting, reading)]
    assert kinds[0] == kinds[1]
    assert waiting.lm_head.weight is waiting.model.embed_tokens.weight
    stored = safetensors.torch.load_file(tiny_policy / "model.safetensors")
    assert all(torch.equal(reading.state_dict()[name], value) for name, value in stored.items())
    for name, buffer in reading.named_buffers():  # nobody hands these on
        assert torch.equal(dict(waiting.named_buffers())[name], buffer), name


def test_a_process_that_is_given_its_weights_does_not_read_them(tiny_policy, other_process, tmp_path, monkeypatch):
    shutil.copytree(tiny_policy, tmp_path / "model")
    (tmp_path / "model/model.safetensors").write_bytes(b"no weights")
    folders.load_policy(tmp_path / "model", "float32")
    monkeypatch.setenv("RANK", "0")
    with pytest.raises(folders.ModelError):
        folders.load_policy(tmp_path / "model", "float32")


def test_weights_that_are_not_read_take_no_memory(tiny_policy, other_process, tmp_path):
    sizes = {"hidden_size": 512, "intermediate_size": 1024, "num_hidden_layers": 8, "vocab_size": 4096}
    config = transformers.LlamaConfig(**sizes, num_attention_heads=8, num_key_value_heads=8)
    config.save_pretrained(tmp_path)
    folders.load_policy(tiny_policy, "float32")  # what is imported on the way does not count
    before = resident()
    waiting = folders.load_policy(tmp_path, "float32")
    size = sum(weight.numel() * weight.element_size() for weight in waiting.parameters())
    assert size > 90e6
    assert resident() - before < size / 4


def resident() -> int:
    """Bytes of main memory that this process takes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.stage
def test_a_policy_stored_in_half_the_size_says_what_the_trained_one_says(trained_policy, tmp_path):
    """Each weight is rounded once to 8 bits; log-probabilities of responses move by thousandths of a nat."""
    tokenizer = folders.load_tokenizer(trained_policy)
    master = folders.load_policy(trained_policy, "float32")
    folders.save_policy(folders.load_policy(trained_policy, "float32"), tokenizer, tmp_path / "half", dtype="bfloat16")
    sizes = [(folder / "model.safetensors").stat().st_size for folder in (Path(trained_policy), tmp_path / "half")]
    assert sizes[1] < 0.55 * sizes[0]
    assert json.loads((tmp_path / "half/config.json").read_text())["dtype"] == "bfloat16"
    stored = folders.load_policy(tmp_path / "half", "float32")
    kept = stored.state_dict()
    assert all(torch.equal(weight.to(torch.bfloat16).float(), kept[name]) for name, weight in master.state_dict().items())
    rows = torch.tensor([tokenizer("What is 3 + 4?\nThe answer is \\boxed{7}.")["input_ids"]])
    with torch.no_grad():
        said = [torch.log_softmax(model(rows).logits[:, :-1], -1).gather(-1, rows[:, 1:, None]) for model in (master, stored)]
    difference = (said[0] - said[1]).abs()
    assert 0 < difference.mean() < 0.02


DRIFT = {"float32": 0.015, "bfloat16": 0.03}
"""Nats a token by which a policy stored in bf16 may differ from its fp32 master, by the type it is scored in: three times what
was measured (docs/paper_map.md)."""


def test_what_a_policy_stored_in_half_the_size_learns_from_is_as_likely_as_under_its_master(trained_policy, tiny_run, pairs, tmp_path):
    """Scored as the loop scores training data: in fp32, which leaves the rounding of the weights, and in the precision of training."""
    tokenizer = folders.load_tokenizer(trained_policy)
    for dtype in DRIFT:
        folders.save_policy(folders.load_policy(trained_policy, "float32"), tokenizer, tmp_path / dtype, dtype=dtype)
    shown = demonstrations.demonstrations(pairs, tokenizer, "plain", tiny_run.start, 1)
    asked = tokens.encode_prompts(tokenizer, shown["prompt"].to_list(), prompts.profile("plain").frame)
    written = shown.select("token_ids", "loss_mask").iter_rows()
    sequences = [scoring.TokenSequence(prompt, *response) for prompt, response in zip(asked, written, strict=True)]

    def scored(stored: str, dtype: str) -> torch.Tensor:
        model = folders.load_policy(tmp_path / stored, dtype)
        rows = scoring.score(model, sequences, tokenizer.pad_token_id, 2048, "scored")
        return torch.tensor([logprob for row in rows for logprob in row])

    master = scored("float32", "float32")
    assert len(master) > 500
    for dtype, most in DRIFT.items():
        assert 0 < (scored("bfloat16", dtype) - master).abs().mean() < most
    assert torch.equal(scored("bfloat16", "bfloat16"), scored("float32", "bfloat16"))  # the same numbers, rounded earlier or later


@pytest.fixture
def hub(monkeypatch):
    """A model of two files of weights on the hub, of which `brought` arrive."""
    brought = ["config.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    index = {"weight_map": {"one": brought[1], "two": brought[2]}}

    def arrive(name, *, revision, local_dir, allow_patterns):
        assert revision == "c0ffee"
        for file in brought:
            (Path(local_dir) / file).write_text("{}")
        (Path(local_dir) / "model.safetensors.index.json").write_text(json.dumps(index))
        (Path(local_dir) / "pytorch_model.bin.index.json").write_text('{"weight_map": {"one": "pytorch_model-00001-of-00001.bin"}}')

    monkeypatch.setattr("huggingface_hub.snapshot_download", arrive)
    monkeypatch.setattr("huggingface_hub.HfApi.model_info", lambda *_, **__: SimpleNamespace(sha="c0ffee"))
    return brought


def test_a_model_of_which_a_part_arrives_is_refused(tmp_path, hub):
    assert mirrors.download("tiny", "some/model", "main", tmp_path) == "c0ffee"
    (tmp_path / hub.pop()).unlink()
    with pytest.raises(folders.ModelError, match=r"there is no file model-00002-of-00002\.safetensors: download or copy"):
        mirrors.download("tiny", "some/model", "main", tmp_path)


def test_without_a_network_what_is_there_is_no_download(tmp_path, hub, monkeypatch):
    def refuse(*_, **__):
        raise httpx2.ConnectError("connection refused")

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", refuse)
    with pytest.raises(folders.ModelError, match=r"some/model at main cannot be downloaded from the hub \(connection refused\)"):
        mirrors.download("tiny", "some/model", "main", tmp_path)


def test_a_mirrored_model_is_the_one_that_the_settings_name(tmp_path):
    mirrors.check_origin(tmp_path, "some/model", "main")  # nothing is known of it
    mirrors.write_origin(tmp_path, "some/model", "main", "c0ffee")
    for revision in (None, "main", "c0ffee"):
        mirrors.check_origin(tmp_path, "some/model", revision)
    mirrors.check_origin(tmp_path, None, None)
    for name, revision in (("some/model", "beef"), ("some/other", "main")):
        with pytest.raises(folders.ModelError, match=f"holds some/model at c0ffee, and the settings name {name} at {revision}: remove"):
            mirrors.check_origin(tmp_path, name, revision)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"hub": "some/model"}'])
def test_a_damaged_origin_of_a_mirrored_model_is_named(tmp_path, content):
    (tmp_path / "origin.json").write_text(content)
    with pytest.raises(folders.ModelError, match=r"origin\.json: it does not say which model this is: remove the folder"):
        mirrors.check_origin(tmp_path, "some/model", None)


@pytest.mark.parametrize("sign", [" ", "*"])
def test_checksums_are_those_of_sha256sum_with_and_without_its_option_for_bytes(tmp_path, sign):
    (tmp_path / "config.json").write_text("{}")
    mirrors.write_checksums(tmp_path)
    listed = tmp_path / "SHA256SUMS"
    listed.write_text(f"{listed.read_text().replace('  ', f' {sign}')}\n\n")
    mirrors.check_checksums(tmp_path)
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(folders.ModelError, match=r"config\.json: not the file whose checksum"):
        mirrors.check_checksums(tmp_path)
