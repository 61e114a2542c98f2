"""Text that a critic's tokenizer learns from: labels are one token, numerals stand alone, every form can be read."""

import random
from fractions import Fraction

from mathcode import settings
from mathcode.critic import attacks, prompt, rewriting, teaching
from mathcode.policies import scratch


def test_a_tokenizer_of_these_texts_can_be_a_critics():
    for language in ("en", "zh"):
        texts = teaching.vocabulary_texts([language])
        assert texts == teaching.vocabulary_texts([language])
        tokenizer = scratch.build_tokenizer(texts, 900, ["<|none|>"])
        labels = prompt.label_tokens(tokenizer)
        assert tokenizer.decode([labels["YES"], labels["NO"]]) == " YES NO"
        assert prompt.spellings(tokenizer) == {label: [number] for label, number in labels.items()}
        for numerals in ("零一二三四五六七八九十百千万", "0123456789"):
            assert len(tokenizer(numerals)["input_ids"]) == len(numerals)
        draw, shown = random.Random(5), settings.CriticPrompt(language=language, instruction=False, question=False)
        for form in rewriting.FORMS.values():
            for values in ((Fraction(35),), (Fraction(7, 20),), (Fraction(16), Fraction(11))):
                if gold := form(values, draw):
                    asked = prompt.render("", gold, None, "1", shown)
                    assert tokenizer.decode(prompt.tokens(asked, tokenizer)[0]) == asked.before


def test_no_sentence_looks_like_a_number():
    tokenizer = scratch.build_tokenizer(teaching.vocabulary_texts(["en"]), 900, ["<|none|>"])
    for name in ("opener_zh", "opener_de", "opener_ja", "correct_zh", "order_zh"):
        text = attacks.ATTACKS[name](None, random.Random(1))
        assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_a_way_to_read_in_two_languages_is_the_texts_of_both():
    assert {*teaching.vocabulary_texts(["en", "zh"])} == {*teaching.vocabulary_texts(["en"]), *teaching.vocabulary_texts(["zh"])}
