"""Text stays text, whatever a tokenizer would make of it: questions, solutions and outputs that hold its own markers."""

import os
import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mathcode.methods.autocode import dictations
from mathcode.methods.autocode.form import FORM
from mathcode.policies import scratch, tokens
from mathcode.responses import prompts

TEXT = [
    "User: What is 2 + 3?\n\nAssistant: Let's reason step by step. The answer is \\boxed{5}.",
    "```python\nprint(2 + 3)\n```\n```output\n5\n```\n",
    "é 42 个球 im_end system user 'x' <y> [z]",
]
CHATML = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
KINDS = {  # special tokens, other added ones, what stands before every text, whether letters are bytes
    "qwen": (CHATML, ["<tool_call>", "</tool_call>", "<|fim_prefix|>", "<think>"], None),
    "llama3": (["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"], [], "<|begin_of_text|>"),
    "deepseek": (["<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"], ["ø", "ö", "[INST]"], "<｜begin▁of▁sentence｜>"),
    "image": (["</s>", "<s>", "<image>"], ["[/INST]", "<|user|>"], "<s>"),
}
"""What the tokenizers of the families are like: Qwen's, Llama's, DeepSeek's, and one with older markers."""


def byte_level(special: list[str], added: list[str], first: str | None):
    """A small tokenizer over bytes that knows markers."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(TEXT, trainers.BpeTrainer(vocab_size=320, initial_alphabet=alphabet, show_progress=False))
    made.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in special])
    made.add_tokens([AddedToken(text, special=False, normalized=True) for text in added])
    if first:
        made.post_processor = processors.TemplateProcessing(single=f"{first} $A", special_tokens=[(first, made.token_to_id(first))])
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token=special[0], clean_up_tokenization_spaces=False)


def unigram():
    """A tokenizer whose pieces themselves hold markers, and that begins every text with a blank."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted({*"▁\n", *string.printable[:94], *"".join(TEXT)} - {" "})
    pieces = [("<unk>", 0.0), ("<s>", 0.0), ("</s>", 0.0), *[(letter, -9.0) for letter in letters]]
    made = Tokenizer(models.Unigram(pieces, unk_id=0))
    made.pre_tokenizer, made.decoder = pre_tokenizers.Metaspace(prepend_scheme="first"), decoders.Metaspace(prepend_scheme="first")
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token="</s>", bos_token="<s>", unk_token="<unk>")


def families() -> dict:
    """Tokenizers by name: those like the families', the demo's, and real ones where there are any at hand."""
    made = {name: byte_level(*kind) for name, kind in KINDS.items()} | {"unigram": unigram()}
    made["tiny"] = scratch.build_tokenizer(TEXT, 180, FORM.phrases)
    folder = Path(os.environ.get("MATHCODE_MODELS", "data/models"))
    if folder.is_dir():
        from transformers import AutoTokenizer

        made |= {f"real {one.parent.name}": AutoTokenizer.from_pretrained(one.parent) for one in sorted(folder.glob("*/tokenizer.json"))}
    return made


FAMILIES = families()
MARKED = [
    (name, text)
    for name, tokenizer in FAMILIES.items()
    for text in sorted(tokens._controls(tokenizer, len(tokenizer)).values())
    if name != "unigram" or text != "<unk>"
]


def read_back(name: str, ids: list[int]) -> str:
    return without_blanks(name, FAMILIES[name].decode(ids, skip_special_tokens=True))


def without_blanks(name: str, text: str) -> str:
    """The text; where the pieces of a tokenizer are themselves markers, only its letters come back as they were."""
    return "".join(text.split()) if name == "unigram" else text


@pytest.mark.parametrize("name", FAMILIES)
def test_control_tokens_are_special_ones_and_markers_and_no_vocabulary(name):
    tokenizer = FAMILIES[name]
    controls = tokens.control_tokens(tokenizer)
    assert set(tokenizer.all_special_ids) - {tokenizer.convert_tokens_to_ids("<unk>")} <= controls
    assert not controls & {tokenizer.convert_tokens_to_ids(text) for text in ["ø", "ö", *FORM.phrases] if text in tokenizer.get_vocab()}
    if name == "qwen":
        assert {tokenizer.convert_tokens_to_ids(text) for text in [*KINDS["qwen"][0], *KINDS["qwen"][1]]} == controls


@pytest.mark.parametrize(("name", "marker"), MARKED)
def test_a_marker_in_text_is_spelt_and_read_back(name, marker):
    """Every special and added marker of every tokenizer: alone, doubled, in words, at both ends, and cut."""
    tokenizer = FAMILIES[name]
    controls = tokens.control_tokens(tokenizer)
    for text in (
        marker,
        marker * 2,
        f"a {marker} b",
        f"{marker}\n5",
        f"5\n{marker}",
        marker[:-1] + marker,
        f"{marker[:2]}{marker}{marker[2:]}",
    ):
        ids = tokens.encode_text(tokenizer, text)
        assert controls.isdisjoint(ids), text
        assert read_back(name, ids) == without_blanks(name, text)


@pytest.mark.parametrize(("name", "marker"), MARKED)
@pytest.mark.parametrize("profile", prompts.PROFILES)
def test_only_the_frame_of_a_prompt_makes_control_tokens(name, marker, profile):
    tokenizer, frame = FAMILIES[name], prompts.profile(profile).frame
    controls = tokens.control_tokens(tokenizer)
    expected = [token for token in tokenizer(prompts.render(profile, "What is 2 + 3?"))["input_ids"] if token in controls]
    for question in (f"What is {marker}?", marker, f"{marker}system\n{marker}", prompts.render(profile, marker)):
        ids = tokens.encode_prompts(tokenizer, [prompts.render(profile, question)], frame)[0]
        assert [token for token in ids if token in controls] == expected
        shown = read_back(name, [token for token in ids if token not in controls])
        bare = frame
        for text in tokens._controls(tokenizer, len(tokenizer)).values():
            bare = bare.replace(text, "")
        assert shown == without_blanks(name, bare.replace(tokens.QUESTION, question))


@pytest.mark.parametrize("name", FAMILIES)
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60) | st.sampled_from([*TEXT, *FORM.cues.values()]))
def test_other_text_has_the_tokens_it_always_had(name, text):
    tokenizer = FAMILIES[name]
    plain = tokenizer(text, add_special_tokens=False)["input_ids"]
    if tokens.control_tokens(tokenizer).isdisjoint(plain):
        assert tokens.encode_text(tokenizer, text) == plain
    for profile in prompts.PROFILES:
        prompt = prompts.render(profile, text)
        whole = tokenizer(prompt)["input_ids"]
        if tokens.control_tokens(tokenizer).isdisjoint(plain):
            assert tokens.encode_prompts(tokenizer, [prompt], prompts.profile(profile).frame) == [whole]


@given(st.data())
@hypothesis_settings(max_examples=300)
def test_no_mixture_of_text_and_markers_makes_a_control_token(data):
    name = data.draw(st.sampled_from(sorted(FAMILIES)))
    tokenizer = FAMILIES[name]
    markers = [marker for family, marker in MARKED if family == name]
    parts = data.draw(st.lists(st.sampled_from([*markers, "<", ">", "|", " ", "\n", "a", "</", "[", *FORM.phrases]), max_size=12))
    text = "".join(parts)
    controls = tokens.control_tokens(tokenizer)
    ids = tokens.encode_text(tokenizer, text)
    assert controls.isdisjoint(ids)
    assert read_back(name, ids) == without_blanks(name, text)
    prompt = tokens.encode_prompts(tokenizer, [prompts.render("chatml", text)], prompts.profile("chatml").frame)[0]
    harmless = tokenizer(prompts.render("chatml", "1"))["input_ids"]
    assert [token for token in prompt if token in controls] == [token for token in harmless if token in controls]


def test_the_sentences_of_a_method_stay_one_token_each():
    tokenizer = FAMILIES["tiny"]
    for phrase in FORM.phrases:
        assert len(tokens.encode_text(tokenizer, phrase)) == 1
        assert tokens.encode_text(tokenizer, f"{phrase}<|end|>")[0] == tokenizer.convert_tokens_to_ids(phrase)


def test_markers_count_that_were_added_later():
    tokenizer = byte_level(*KINDS["qwen"])
    assert len(tokens.encode_text(tokenizer, "<new>")) > 1
    tokenizer.add_tokens(["<new>"])
    assert len(tokens.encode_text(tokenizer, "<new>")) > 1


@pytest.mark.parametrize("name", FAMILIES)
def test_many_prompts_have_the_tokens_they_have_alone(name):
    tokenizer, frame = FAMILIES[name], prompts.profile("chatml").frame
    asked = [prompts.render("chatml", question) for question in ("1 + 1?", "What is <|im_end|>?", "</s>", "")]
    assert tokens.encode_prompts(tokenizer, asked, frame) == [tokens.encode_prompts(tokenizer, [one], frame)[0] for one in asked]
    assert tokens.encode_prompts(tokenizer, [], frame) == []


def test_a_prompt_in_another_frame_is_refused():
    with pytest.raises(tokens.TokenError, match="another prompt profile"):
        tokens.encode_prompts(FAMILIES["qwen"], ["What is it?\n"], prompts.profile("chatml").frame)


def test_dictated_prompts_are_in_the_frame_of_their_profile():
    for profile in prompts.PROFILES:
        for mode in ("native", "cot", "code"):
            prompt = dictations.render(profile, mode, "2 + 3 <|im_end|>")
            assert tokens.encode_prompts(FAMILIES["qwen"], [prompt], prompts.profile(profile).frame)[0]
