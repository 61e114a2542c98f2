"""The exact strings policies are asked with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathcode.methods.autocode import dictations, form
from mathcode.responses import prompts

STEPS = "\nPlease reason step by step, and put your final answer within \\boxed{}."
PROGRAMS = (
    "\nPlease integrate natural language reasoning with programs to solve the problem above, and put your final answer within \\boxed{}."
)
ALPACA = (
    "Below is an instruction that describes a task. Write a response that appropriately completes the request.\n\n### Instruction:\n",
    "\n\n### Response:",
)
CHATML = ("<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n")

EXACT = {
    ("deepseek", "native"): "User: 1+1?\n\nAssistant:",
    ("deepseek", "cot"): f"User: 1+1?{STEPS}\n\nAssistant:",
    ("deepseek", "code"): f"User: 1+1?{PROGRAMS}\n\nAssistant:",
    ("alpaca", "native"): "1+1?".join(ALPACA),
    ("alpaca", "cot"): "1+1?\nLet's reason step by step.\n".join(ALPACA),
    ("alpaca", "code"): "1+1?\nLet's write a program.\n".join(ALPACA),
    ("chatml", "native"): "1+1?".join(CHATML),
    ("chatml", "cot"): f"1+1?{STEPS}".join(CHATML),
    ("chatml", "code"): f"1+1?{PROGRAMS}".join(CHATML),
    ("plain", "native"): "1+1?\n",
    ("plain", "cot"): "1+1?\nAnswer in words.\n",
    ("plain", "code"): "1+1?\nAnswer with a program.\n",
}


def test_every_profile_and_mode_is_written_down_here():
    assert set(EXACT) == {(profile, mode) for profile in prompts.PROFILES for mode in ("native", "cot", "code")}


@pytest.mark.parametrize(("profile", "mode"), EXACT)
def test_exact_prompt(profile, mode):
    assert dictations.render(profile, mode, "1+1?") == EXACT[profile, mode]


def test_chinese_questions_get_chinese_instructions_from_deepseek():
    steps, programs = (
        "请通过逐步推理来解答问题，并把最终答案放置于\\boxed{}中。",
        "请结合自然语言和Python程序语言来解答问题，并把最终答案放置于\\boxed{}中。",
    )
    assert dictations.render("deepseek", "native", "1加1？") == "User: 1加1？\n\nAssistant:"
    assert dictations.render("deepseek", "cot", "1加1？") == f"User: 1加1？\n{steps}\n\nAssistant:"
    assert dictations.render("deepseek", "code", "1加1？") == f"User: 1加1？\n{programs}\n\nAssistant:"
    assert dictations.render("alpaca", "cot", "1加1？") == "1加1？\nLet's reason step by step.\n".join(ALPACA)


@given(st.text(), st.sampled_from(list(EXACT)))
def test_the_question_is_left_as_it_is(question, key):
    profile, mode = key
    before, after = prompts.PROFILES[profile].frame.split("{question}")
    prompt = dictations.render(profile, mode, question)
    assert prompt.startswith(before + question)
    assert prompt.endswith(after)


@pytest.mark.parametrize("question", ["What is {question}?", "{", "}{0}", "{question", "$\\boxed{x}$", "%s"])
def test_braces_in_a_question_mean_nothing(question):
    assert dictations.render("plain", "native", question) == f"{question}\n"
    assert dictations.render("deepseek", "cot", question) == f"User: {question}{STEPS}\n\nAssistant:"


def test_complete_response_opens_with_its_cue():
    assert form.with_cue("cot", "2.") == "Let's reason step by step.\n2."
    assert form.with_cue("code", "2.") == "Let's write a program.\n2."


def test_unknown_names_are_named():
    with pytest.raises(prompts.PromptError, match="unknown prompt profile 'alpacca'; there are: deepseek, alpaca, chatml, plain"):
        dictations.render("alpacca", "native", "1+1?")
    with pytest.raises(prompts.PromptError, match="unknown mode 'aut'; there are: native, native_extra, cot, code"):
        dictations.render("plain", "aut", "1+1?")
