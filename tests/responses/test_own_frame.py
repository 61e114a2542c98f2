"""A frame of one's own in place of a prompt profile, and the chat template of a tokenizer as one."""

import pytest
import yaml
from transformers import AutoTokenizer

import show_chat_frame
from mathcode.core.errors import InputError
from mathcode.methods.autocode import dictations, methodologies
from mathcode.policies import tokens
from mathcode.responses import prompts

CHAT = (
    "{{ bos_token }}{% for m in messages %}<|turn|>{{ m['role'] }}\n{{ m['content'] }}<|over|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|turn|>model\n{% endif %}"
)
ASKED = "<|turn|>user\n{question}<|over|>\n<|turn|>model\n"


@pytest.fixture
def chatty(tiny_policy, tmp_path):
    """A tokenizer with a chat template, which by itself puts nothing before a text."""
    tokenizer = AutoTokenizer.from_pretrained(tiny_policy)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|turn|>", "<|over|>"], "bos_token": "<|first|>"})
    tokenizer.chat_template = CHAT
    tokenizer.save_pretrained(tmp_path / "chatty")
    return tmp_path / "chatty"


def test_a_frame_is_a_profile_of_its_own():
    assert prompts.profile("Q: {question} A:") == prompts.Profile("Q: {question} A:", "")
    assert prompts.render("Q: {question} A:", "1 + 1?") == "Q: 1 + 1? A:"
    assert prompts.opening("Q: {question} A:") == "Q: {question}"
    with pytest.raises(prompts.PromptError, match="2 times; it must be there once"):
        prompts.profile("{question} {question}")
    with pytest.raises(prompts.PromptError, match="a backslash and an n"):
        prompts.profile("Q: {question}\\nA:")


def test_a_question_that_holds_the_placeholder_stays_as_it_is():
    assert prompts.render("Q: {question} A:", "what is {question}?") == "Q: what is {question}? A:"


def test_its_dictations_are_those_of_a_chat():
    assert dictations.render(ASKED, "code", "1 + 1?") == ASKED.replace("{question}", "1 + 1?" + f"\n{methodologies.CODE.dictation}")
    assert dictations.render(ASKED, "native", "1 + 1?") == ASKED.replace("{question}", "1 + 1?")


def test_the_template_of_a_tokenizer_is_printed_as_a_line_of_the_settings(chatty, capsys):
    assert show_chat_frame.main([str(chatty)]) == 0
    assert yaml.safe_load(capsys.readouterr().out) == {"prompt": f"<|first|>{ASKED}"}
    assert show_chat_frame.main([str(chatty), "--system", "Be brief."]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["prompt"] == f"<|first|><|turn|>system\nBe brief.<|over|>\n{ASKED}"


def test_what_opens_every_text_by_itself_is_not_there_twice(chatty):
    tokenizer = AutoTokenizer.from_pretrained(chatty)

    class Opens:
        """The same tokenizer, which puts its first token before every text."""

        chat_template, bos_token, bos_token_id = tokenizer.chat_template, tokenizer.bos_token, tokenizer.bos_token_id
        apply_chat_template = tokenizer.apply_chat_template

        def __call__(self, text):
            return {"input_ids": [self.bos_token_id, *tokenizer(text)["input_ids"]]}

    assert show_chat_frame.frame_of(Opens(), "it") == ASKED


def test_the_tokens_of_a_prompt_are_those_of_the_template(chatty):
    tokenizer = AutoTokenizer.from_pretrained(chatty)
    frame = show_chat_frame.frame_of(tokenizer, "it")
    question = "What is 3 + 4?"
    wanted = tokenizer.apply_chat_template([{"role": "user", "content": question}], add_generation_prompt=True, tokenize=True)
    assert tokens.encode_prompts(tokenizer, [prompts.render(frame, question)], frame) == [list(wanted["input_ids"])]


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (None, "no chat template; take a prompt profile"),
        ("{{ raise_exception('no system here') }}", "refuses these messages: no system here"),
        ("hello", "shows the question 0 times"),
    ],
)
def test_a_template_that_cannot_be_used_is_said(chatty, template, words):
    tokenizer = AutoTokenizer.from_pretrained(chatty)
    tokenizer.chat_template = template
    with pytest.raises(InputError, match=words):
        show_chat_frame.frame_of(tokenizer, "it")


def test_a_folder_without_a_tokenizer_is_said(tmp_path, chatty):
    with pytest.raises(InputError, match="no tokenizer can be read"):
        show_chat_frame.main([str(tmp_path)])
    with pytest.raises(InputError, match="nowhere: no such folder"):
        show_chat_frame.main([str(tmp_path / "nowhere")])
    with pytest.raises(InputError, match="data/mirror/nowhere: no such folder"):
        show_chat_frame.main(["data/mirror/nowhere"])
    (chatty / "tokenizer.json").write_text('{"model": {"type": "Nothing"}}')
    with pytest.raises(InputError, match="no tokenizer can be read"):
        show_chat_frame.main([str(chatty)])
