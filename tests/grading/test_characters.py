"""Unicode at the door: one spelling for what means the same, and nothing lost that has a meaning."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathcode.grading.forms import characters
from mathcode.grading.forms.characters import fold
from mathcode.grading.forms.latex_words import plain

ANY = st.text(
    st.characters(exclude_categories=())
    | st.sampled_from("½¾³⁄₄²₁√∛(){}x1 2.,，、–—～−^_\\=\u0338\u0301\u0305\u0307\u20d7\u200b\u2061\u2062\ud835\udc65°º℃％＄")
)

FOLDED = [
    ("½", "1/2"),
    ("3½", "3 1/2"),
    ("3 ½ cm", "3 1/2 cm"),
    ("-½", "-1/2"),
    ("½x", r"\frac{1}{2}x"),
    ("x½", r"x\frac{1}{2}"),
    ("2^½", "2^{1/2}"),
    ("½²", "(1/2)^{2}"),
    ("³⁄₄", "3/4"),
    ("2³⁄₄", "2 3/4"),
    ("x²+1", "x^{2}+1"),
    ("x^²", "x^{2}"),
    ("10⁻³", "10^{-3}"),
    ("x₁₂", "x_{12}"),
    ("1.2·10³", r"1.2\cdot10^{3}"),
    ("12π cm²", r"12\pi cm^{2}"),
    ("πr²h", r"\pi r^{2}h"),
    ("π·r", r"\pi\cdot r"),
    ("–14", "-14"),
    ("−14", "-14"),
    ("3–x", "3-x"),
    ("5–10", "5–10"),
    ("5 — 10", "5 – 10"),
    ("5～10", "5–10"),
    ("10%–20%", "10%–20%"),
    ("＄5–＄10", r"\$5–\$10"),
    ("△ABC～△DEF", r"\triangle ABC\sim\triangle DEF"),
    ("１，２３４", "1, 234"),
    ("（１，２）", "(1, 2)"),
    ("甲、乙", "甲, 乙"),
    ("答：18元。", "答:18元."),
    ("x＞3", "x>3"),
    ("＄9.9", r"\$9.9"),
    ("｛1，2｝", r"\{1, 2\}"),
    ("【-9，9】", "[-9, 9]"),
    ("５０％", "50%"),
    ("√2", r"\sqrt{2}"),
    ("3√12.5x", r"3\sqrt{12.5}x"),
    ("√(x+1)", r"\sqrt{x+1}"),
    ("√(√(2)+1)", r"\sqrt{\sqrt{2}+1}"),
    ("√√2", r"\sqrt{\sqrt{2}}"),
    ("√π", r"\sqrt{\pi}"),
    ("√{3}", r"\sqrt{3}"),
    ("∛27", r"\sqrt[3]{27}"),
    ("(−∞,2)∪(3,∞)", r"(-\infty,2)\cup(3,\infty)"),
    ("30º", r"30^{\circ}"),
    ("30˚", r"30^{\circ}"),
    ("20 ℃", r"20 ^{\circ}C"),
    ("5 Ω", r"5 \Omega"),
    ("3 µm", r"3 \mu m"),
    ("㎡", "m^{2}"),
    ("5 ㎛", r"5 \mu m"),
    ("㎨", "m/s^{2}"),
    ("𝛑r", r"\pi r"),
    ("Ⅳ", "IV"),
    ("⑴", "(1)"),
    ("①③", "①③"),
    ("ﬁve", "five"),
    ("𝑥+𝟏", "x+1"),
    ("\ud835\udc65+1", "x+1"),
    ("ℝ∖ℚ", r"\mathbb{R}\setminus\mathbb{Q}"),
    ("𝔸", r"\mathbb{A}"),
    ("∅", r"\emptyset"),
    ("x =\u0338 5", r"x \ne 5"),
    ("f″(x)", "f''(x)"),
    ("f′", "f'"),
    ("“a” ‘b’", "\"a\" 'b'"),
    ("٣٫٥", "3.5"),
    ("۱۲", "12"),
    ("\u200e-3", "-3"),
    ("\ufeff12", "12"),
    ("1\u00ad2\u200b3\ufe0f", "123"),
    ("1\t2", "1 2"),
    ("1\u30002\u20033\u00a04", "1 2 3 4"),
    ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
    ("sin\u2061x", "sin x"),
    ("f\u2061(x)", "f(x)"),
    ("2\u20623", r"2\cdot3"),
    ("0.1\u03054\u03052\u0305", r"0.\overline{142}"),
    ("0.3\u0307", r"0.\dot{3}"),
    ("0.1\u030742\u0307", r"0.\dot{1}4\dot{2}"),
    ("x\u0304", r"\bar{x}"),
    ("v\u20d7", r"\vec{v}"),
]
KEPT = ["É", "а", "ё", "ø", "ß", "ñ", "①", "漢字", "\ud835", "6\ud800", "\x00\x07", "🍎", "№", "™", "أ", "الف", "‰", "¥", "€"]


@pytest.mark.parametrize(("text", "folded"), FOLDED, ids=[ascii(text) for text, _ in FOLDED])
def test_one_spelling_for_what_means_the_same(text, folded):
    assert fold(text) == folded


@pytest.mark.parametrize("text", KEPT, ids=ascii)
def test_what_has_a_meaning_of_its_own_stays(text):
    assert fold(text) == text


APART = [("а", "a"), ("É", "E"), ("ℝ", "R"), ("∅", "0"), ("①", "1"), ("5–10", "5-10"), ("1，234", "1,234"), ("x²", "x2"), ("2½", "21/2")]
APART += [("x₁", "x1"), ("Σ", "S"), ("±3", "3"), ("≠", "="), ("≤", "<"), ("5′", "5"), ("½", "12"), ("×", "x"), ("ν", "v"), ("\ud835", "")]
APART += [
    ("x =\u0338 5", "x = 5"),
    ("5％", "5"),
    ("3·4", "34"),
    ("√2", "2"),
    ("－5", "5"),
    ("30℃", "30℉"),
    ("🅐", "A"),
    ("ß", "ss"),
    ("²", "2"),
]


@pytest.mark.parametrize(("one", "other"), APART, ids=ascii)
def test_no_two_meanings_become_one(one, other):
    assert fold(one) != fold(other)


@given(ANY)
def test_folding_twice_is_folding_once(text):
    folded = fold(text)
    assert fold(folded) == folded


@given(st.text(st.characters(max_codepoint=0x7E, exclude_characters="\t\r\x0b\x0c\x1c\x1d\x1e\x1f")))
def test_ascii_stays(text):
    assert fold(text) == text


@given(ANY)
def test_letters_of_scripts_are_neither_lost_nor_merged(text):
    """Every cased or ideographic letter outside the folded alphabets stands in the result, in order."""
    text = unicodedata.normalize("NFC", text)
    letters = [char for char in text if "\u0400" <= char <= "\u04ff" or "\u4e00" <= char <= "\u9fff"]
    folded = [char for char in fold(text) if char in set(letters)]
    assert [char for char in letters if unicodedata.category(char)[0] == "L"] == [c for c in folded if unicodedata.category(c)[0] == "L"]


LONG = [
    "√" * 50_000,
    "√(" * 50_000,
    "(" * 50_000 + "√" + ")" * 50_000,
    "½" * 50_000,
    "²" * 50_000,
    "₂" * 50_000,
    "–" * 50_000,
    "1 – " * 50_000,
]
LONG += ["e" + "\u0301\u0316" * 50_000, "，" * 50_000, "\u200b" * 50_000, "π" * 50_000, "\ud835" * 50_000, "³⁄" * 50_000, "º" * 50_000]


@pytest.mark.parametrize("text", LONG, ids=lambda text: ascii(text[:3]))
def test_long_texts_of_one_kind_end(text):
    """A quadratic pass over these would take minutes."""
    assert fold(fold(text)) == fold(text)


def test_there_is_a_limit_of_length():
    text = "½" * (characters.MAX_CHARS + 1)
    assert fold(text) is text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (r"5:15 \text{ p.m.}", "5:15 p.m."),
        (r"9\rm min", "9 min"),
        (r"5\mathrm{~km}", "5 km"),
        (r"9^{th} May", "9th may"),
        (r"9^{\text{th}}", "9th"),
        (r"\frac{1}{2} h", r"\frac{1}{2} h"),
        (r"\text{a", "{a"),
        ("x" * 101, ""),
    ],
)
def test_words_come_out_of_latex(text, words):
    assert plain(text) == words


@pytest.mark.full
def test_every_character_is_folded_once_and_only_invisible_ones_vanish():
    for code in range(0x110000):
        char = chr(code)
        if unicodedata.category(char) in {"Co", "Cn"}:
            continue
        folded = fold(f"2{char}1")
        assert fold(folded) == folded
        assert folded != "21" or unicodedata.category(char) in {"Cf", "Mn", "Lo"}
        assert fold(char).strip() or not char.strip() or unicodedata.category(char) in {"Cf", "Mn", "Lo"} or code == 0x2800
