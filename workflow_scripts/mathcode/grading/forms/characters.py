"""Unicode at the door: every character that means the same gets one spelling, and no other character changes.

Policy of `fold`, in its order:

| what | becomes |
| --- | --- |
| invisible marks (zero width, soft hyphen, directions, variation selectors) | nothing; an invisible times is `\\cdot` |
| spaces of every width, tabs | a blank each; every end of a line `\\n` |
| two halves of a surrogate pair | the character; a lone half stays |
| canonical equivalents | composed (NFC), so `=` with a stroke is `\\ne`, and E with an accent stays another letter than E |
| `½` | `1/2`, after a digit ` 1/2`; next to letters, powers and other fractions `\\frac{1}{2}`; so too `³⁄₄` |
| runs of superscripts, subscripts | `^{..}`, `_{..}` |
| minus signs, hyphens, dashes | `-`; a dash or wave between two numbers is a range and becomes `–`, which no other sign does |
| `，` and `、` | a comma and a blank, for they separate values and never thousands |
| other Chinese punctuation, full-width forms | ASCII; full-width `＄｛｝％` are literal, so `\\$ \\{ \\} %` |
| signs and Greek letters | the LaTeX macro, with a blank where a letter follows; `°` is `^{\\circ}` |
| `√12`, `√(x+1)`, `√x` | `\\sqrt{12}`, `\\sqrt{x+1}`, `\\sqrt{x}` |
| mathematical alphabets | plain letters; double-struck `ℝ` is `\\mathbb{R}` |
| decimal digits of other scripts | ASCII digits |
| marks over a letter or digit that Unicode does not compose | `0.\\overline{3}`, `\\dot{3}`, `\\hat{x}`, `\\vec{v}` |
| ligatures, Roman numerals, `⑴`, `㎡` | their letters: `fi`, `IV`, `(1)`, `m^{2}`; circled numbers stay, they are names and not numbers |
| quotation marks, primes | `'` and `"`; `″` is two primes |

Cyrillic, accented and all other letters stay. Linear in the length of the text; folding twice is folding once.
"""

import re
import unicodedata

MAX_CHARS = 10**6
"""A longer text is returned as it is."""
_MAX_MARKS = 30
"""Combining marks upon one letter; with more the text is not composed: Python sorts them in quadratic time."""
_ROUNDS = 8
"""A text settles after two or three passes."""

_SUPER = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ", "0123456789+-=()ni", strict=True))
_SUPER |= dict(zip("ᵃᵇᶜᵈᵉᶠᵍʰʲᵏˡᵐᵒᵖʳˢᵗᵘᵛʷˣʸᶻ", "abcdefghjklmoprstuvwxyz", strict=True))
_SUPER |= dict(zip("ᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂ", "ABDEGHIJKLMNOPRTUVW", strict=True)) | {"ᶿ": r"\theta", "ᵅ": r"\alpha", "ᵝ": r"\beta"}
_SUB = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", "0123456789+-=()aehijklmnoprstuvx", strict=True))

_GREEK = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi ? pi rho varsigma sigma tau upsilon phi chi psi omega"
_MACROS = {chr(0x3B1 + place): "\\" + name for place, name in enumerate(_GREEK.split()) if name != "?"}
_CAPITALS = {"Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma", "Υ": "Upsilon", "Φ": "Phi"}
_CAPITALS |= {"Ψ": "Psi", "Ω": "Omega", "∆": "Delta", "µ": "mu", "ϕ": "phi", "ϵ": "epsilon", "ϑ": "vartheta", "ϱ": "varrho", "ϖ": "varpi"}
_MACROS |= {sign: "\\" + name for sign, name in _CAPITALS.items()}
_SIGNS = """
× times ✕ times ✖ times ⨯ times ⋅ cdot · cdot ∙ cdot ‧ cdot ・ cdot ÷ div ± pm ∓ mp ∞ infty ≤ le ≦ le ⩽ le ≥ ge ≧ ge ⩾ ge ≠ ne
∪ cup ∩ cap ∅ emptyset ∈ in ∉ notin ∋ ni ⊂ subset ⊃ supset ⊆ subseteq ⊇ supseteq ⊊ subsetneq ∖ setminus ⧵ setminus ≈ approx ≅ cong ≡ equiv
∼ sim ∝ propto ∠ angle ⊥ perp ∥ parallel △ triangle → to ⟶ to ← leftarrow ↔ leftrightarrow ⇒ Rightarrow ⟹ Rightarrow ⇔ Leftrightarrow
↦ mapsto ∀ forall ∃ exists ∧ wedge ∨ vee ¬ neg ∑ sum ∏ prod ∫ int ∬ iint ∮ oint ∂ partial ∇ nabla ⌊ lfloor ⌋ rfloor ⌈ lceil
⌉ rceil ⟨ langle ⟩ rangle 〈 langle 〉 rangle … ldots ⋯ cdots ∴ therefore ∵ because ℓ ell ℏ hbar ℜ Re ℑ Im ℘ wp ∘ circ ⊕ oplus
⊗ otimes ⊙ odot ⌢ frown ≪ ll ≫ gg ≺ prec ≻ succ ≢ not\\equiv ⊄ not\\subset ∤ nmid ∣ mid † dagger □ square ⋃ cup ⋂ cap
"""
_MACROS |= {sign: "\\" + name for sign, name in zip(_SIGNS.split()[::2], _SIGNS.split()[1::2], strict=True)}
_MACROS |= {letter: f"\\mathbb{{{plain}}}" for letter, plain in zip("ℝℕℤℚℂℙℍ", "RNZQCPH", strict=True)}
_MACROS |= {"‖": r"\|", "＄": r"\$", "﹩": r"\$", "｛": r"\{", "｝": r"\}", "﹛": r"\{", "﹜": r"\}"}
_MACROS |= {"°": r"^{\circ}", "˚": r"^{\circ}", "℃": r"^{\circ}C", "℉": r"^{\circ}F", "\u2062": r"\cdot"}

_PLAIN = dict.fromkeys("−﹣－‐‑˗➖⁃﹘", "-") | dict.fromkeys("‘’‚‛′ʹʼ´＇｀", "'") | dict.fromkeys("“”„‟＂「」『』", '"')
_PLAIN |= {"″": "''", "ʺ": "''", "‴": "'''", "⁗": "''''"} | dict.fromkeys("∕⁄", "/") | dict.fromkeys("∶﹕", ":") | dict.fromkeys("∗﹡", "*")
_PLAIN |= (
    dict.fromkeys("。｡．", ".")
    | dict.fromkeys("【〔［﹝", "[")
    | dict.fromkeys("】〕］﹞", "]")
    | {"٫": ".", "٬": ",", "⟦": "[[", "⟧": "]]"}
)
_PLAIN |= {"\u2800": " ", "\u2064": " ", "﹪": "%", "٪": "%", "￥": "¥", "➕": "+", "➗": r"\div"}
_INVISIBLE = {0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0} | {*range(0xFE00, 0xFE10)} | {*range(0xE0100, 0xE01F0)}
_VISIBLE_FORMATS = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD, 0x2061, 0x2062, 0x2063, 0x2064}
_LINES = "\n\r\x0b\x0c\x85\u2028\u2029"
_UNFOLDED = {"<wide>", "<narrow>", "<small>", "<square>", "<vertical>", "<isolated>", "<initial>", "<medial>", "<final>", "<font>"}
_COMPATIBLE = ((0x132, 0x133), (0x2160, 0x217F), (0x2474, 0x24B5), (0x3200, 0x3243), (0xFB00, 0xFB4F))

_ODD = re.compile(r"[^ -~\n]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_FRACTION = re.compile("(?<![⁰¹²³⁴⁵⁶⁷⁸⁹])([⁰¹²³⁴⁵⁶⁷⁸⁹]+)[⁄∕/]([₀₁₂₃₄₅₆₇₈₉]+)|([¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞↉])")
_SUPERS = re.compile(rf"\^?([{re.escape(''.join(_SUPER))}]+)")
_SUBS = re.compile(rf"_?([{re.escape(''.join(_SUB))}]+)")
_ORDINAL_DEGREE = re.compile(r"(?<=\d)º|(?<=\d )º")
_OVERLINED = re.compile("((?:[0-9A-Za-z]\u0305|[0-9]\u0304)+)(?![\u0300-\u036f])")
_MARKED = re.compile("(?:([0-9])(\u0307)|([A-Za-z])([\u0302\u0303\u0304\u20d7]))(?![\u0300-\u036f\u20d0-\u20ff])")
_MARKS = {"\u0307": "dot", "\u0302": "hat", "\u0303": "tilde", "\u0304": "bar", "\u20d7": "vec"}
_APPLIED = re.compile("\u2061(?=[^\\W_])")
_DASHES = "‒–—―～〜"
_RANGE = re.compile(rf"(?<=[\d%])( ?)[{_DASHES}]( ?)(?=\\?[$¥€£]?\.?\d)")
_DASH = re.compile(rf"[{_DASHES}]")
_COMMAS = "，、﹐﹑､،\u2063"
_COMMA = re.compile(rf"[{_COMMAS}](\S)?")
_ROOTS = {"√": r"\sqrt", "∛": r"\sqrt[3]", "∜": r"\sqrt[4]"}
_ROOT_ARGUMENT = re.compile(r"\d+(?:\.\d+)?|[A-Za-z]|\\[A-Za-z]+(?![A-Za-z{\[])")
_BEFORE, _AFTER = " \n([{,;:=<>+-$~&|", " \n)]},;.:=<>+-$%~&|?!"
"""Neighbours that leave a plain `1/2` what it is."""


_FRACTION_PARTS = {char: unicodedata.normalize("NFKC", char).split("⁄") for char in "¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞↉"}


class _Spellings(dict):
    """What `str.translate` asks: code point to spelling; worked out once for each character that occurs."""

    def __missing__(self, code: int) -> str:
        self[code] = spelling = _spelling(chr(code))
        return spelling


def _spelling(char: str) -> str:
    code, category = ord(char), unicodedata.category(char)
    if code < 0x7F and char not in "\t\x0b\x0c\r\x1c\x1d\x1e\x1f":
        return char
    if char in _DASHES or char in _COMMAS or char in _ROOTS:
        return char  # what these become depends on their neighbours
    if char in _PLAIN:
        return _PLAIN[char]
    if char in _MACROS:
        return _MACROS[char]
    if char in _LINES:
        return "\n"
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if code in _INVISIBLE or (category == "Cf" and code not in _VISIBLE_FORMATS):
        return ""
    if char.isspace():
        return " "
    tag, *parts = unicodedata.decomposition(char).split() or [""]
    if tag in _UNFOLDED or (tag == "<compat>" and any(low <= code <= high for low, high in _COMPATIBLE)):
        plain = "".join(chr(int(part, 16)) for part in parts)  # what is in it is folded in the next pass
        return f"\\mathbb{{{plain}}}" if "DOUBLE-STRUCK" in unicodedata.name(char, "") and plain.isalpha() else plain
    return char


_SPELLINGS = _Spellings()


_LITRES = re.compile(r"(?<=\d)(\s?)ℓ(?![A-Za-z\d_^])")
"""The sign of the litre; elsewhere it is a letter."""


def fold(text: str) -> str:
    """One spelling for what means the same; see the head of this module. Never raises; keeps lone surrogates."""
    if len(text) > MAX_CHARS:
        return text
    if "ℓ" in text:
        text = _LITRES.sub(r"\1\\text{L}", text)
    for _ in range(_ROUNDS):
        if not _ODD.search(text):
            break
        folded = _fold_once(text)
        if folded == text:
            break
        text = folded
    return text


def _fold_once(text: str) -> str:
    text = _PAIR.sub(lambda pair: chr(0x10000 + (ord(pair[0][0]) - 0xD800) * 0x400 + ord(pair[0][1]) - 0xDC00), text)
    text = "".join(char for char in text.replace("\r\n", "\n") if _SPELLINGS[ord(char)])
    if _few_marks(text):
        text = unicodedata.normalize("NFC", text)
    text = _OVERLINED.sub(lambda run: rf"\overline{{{run[1].replace(chr(0x305), '').replace(chr(0x304), '')}}}", text)
    text = _MARKED.sub(lambda found: rf"\{_MARKS[found[2] or found[4]]}{{{found[1] or found[3]}}}", text)
    text = _FRACTION.sub(_fraction, _ORDINAL_DEGREE.sub("°", text))
    text = _SUPERS.sub(lambda run: "^{" + "".join(_SUPER[char] for char in run[1]) + "}", text)
    text = _SUBS.sub(lambda run: "_{" + "".join(_SUB[char] for char in run[1]) + "}", text)
    text = _APPLIED.sub(" ", text).replace("\u2061", "")
    pieces: list[str] = []
    glue = False
    for char in text:
        piece = _SPELLINGS[ord(char)]
        if glue and piece[:1].isascii() and piece[:1].isalpha():
            pieces.append(" ")
        pieces.append(piece)
        glue = piece is not char and piece[:1] == "\\" and piece[-1].isalpha()
    text = _RANGE.sub(r"\1–\2", "".join(pieces))
    text = _DASH.sub(_dash, text)
    text = _COMMA.sub(lambda comma: f", {comma[1]}" if comma[1] else ",", text)
    return _roots(text) if any(root in text for root in _ROOTS) else text


def _few_marks(text: str) -> bool:
    run = 0
    for char in text:
        run = run + 1 if char >= "\u0300" and unicodedata.combining(char) else 0
        if run > _MAX_MARKS:
            return False
    return True


def _fraction(match: re.Match) -> str:
    """A fraction character: plain where it stands alone or after a whole number, braced where a neighbour could bind to its parts."""
    above, below = _FRACTION_PARTS[match[3]] if match[3] else (unicodedata.normalize("NFKC", part) for part in match.group(1, 2))
    text, start, end = match.string, match.start(), match.end()
    before, after = text[start - 1] if start else " ", text[end] if end < len(text) else " "
    if after in _AFTER and (before in _BEFORE or before.isdecimal()):
        return f"{' ' if before.isdecimal() else ''}{above}/{below}"
    if before == "^" or after == "^" or after in _SUPER:
        return f"{{{above}/{below}}}" if before == "^" else f"({above}/{below})"
    return rf"\frac{{{above}}}{{{below}}}"


def _dash(match: re.Match) -> str:
    """A dash or wave that is left: a range keeps its mark, a wave is the sign of similarity, a dash a minus."""
    text, start, end = match.string, match.start(), match.end()
    if match[0] == "–" and _RANGE.match(text, start - (start > 0 and text[start - 1] == " ")):
        return "–"
    if match[0] in "～〜":
        return r"\sim " if text[end : end + 1].isalpha() else r"\sim"
    return "-"


def _roots(text: str) -> str:
    """Root signs with their arguments in braces: a number, a letter, a macro, a bracket, or another root; else the bare macro."""
    closing: dict[int, int] = {}
    opened: list[int] = []
    for place, char in enumerate(text):
        if char == "(":
            opened.append(place)
        elif char == ")" and opened:
            closing[opened.pop()] = place
    put: dict[int, str] = {}
    ends: dict[int, int] = {}
    for place in range(len(text) - 1, -1, -1):
        if text[place] not in _ROOTS:
            continue
        start = place + 2 if text[place + 1 : place + 2] == " " else place + 1
        after = text[start : start + 1]
        put[place] = _ROOTS[text[place]]
        if start in closing:
            ends[place] = closing[start] + 1
            put[start], put[closing[start]] = "{", "}" + put.get(closing[start], " ")[1:]
        elif after in _ROOTS and after:
            if start in ends:
                ends[place] = ends[start]
                put[place] += "{"
                put[ends[place] - 1] = put.get(ends[place] - 1, text[ends[place] - 1]) + "}"
        elif argument := _ROOT_ARGUMENT.match(text, start):
            ends[place] = argument.end()
            put[place] += "{"
            put[argument.end() - 1] = put.get(argument.end() - 1, text[argument.end() - 1]) + "}"
        elif after not in "{[" or not after:
            put[place] += " "
        if start == place + 2 and place in ends:
            put[place + 1] = ""
    return "".join(put.get(place, char) for place, char in enumerate(text)) if len(put) else text
