r"""A question without its dress: what is left when the same question is written by another hand.

Kept: words, numbers, signs, operators, relations, brackets, percent signs, primes, powers and indices. Dress, and dropped: letter case,
blanks, invisible marks, dollar signs, full-width and other compatible forms, typographers' quotes and dashes, LaTeX's sizes, fonts and
small blanks, braces around a single sign, thousands separators, punctuation of sentences, HTML, the frame of a prompt, and the mark of
a gap to fill, `____` or `( )`, which some copies of a question have lost.
`\pi` and the sign it prints are one. Nothing is computed: `0.5` and `\frac{1}{2}` make two questions.
"""

import functools
import html
import re
import unicodedata

from mathcode.data.prompt_frames import without_frame

_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{1,6}|#x[0-9a-fA-F]{1,5});")
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎", "0123456789+-=()ni0123456789+-=()")
_POWER = re.compile("[⁰¹²³⁴-⁹⁺⁻⁼⁽⁾ⁿⁱ]+")
_INDEX = re.compile("[₀-₉₊₋₌₍₎]+")
_APART = re.compile("[¼-¾⅐-⅞①-⓿]")
"""Signs that hold numbers: 3½ is not 31/2."""
_LIKE = {
    "'": "’‘‛′´ʹʼ",
    '"': "“”„‟«»",
    "-": "‐‑‒–—―−﹣",
    "/": "⁄∕",
    ":": "∶",
    "⋅": "·∙・",
    "°": "∘˚",
    "×": "✕✖",
    "≤": "⩽≦",
    "≥": "⩾≧",
    "Δ": "∆",
}
_DOUBLE = {"″": "'" * 2, "‴": "'" * 3, "∣": "|", "∥": "||"}
_SIGNS = str.maketrans({other: sign for sign, others in _LIKE.items() for other in others} | _DOUBLE)
_FORMATS = "\xad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e01ef"
_INVISIBLE = re.compile(f"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f{_FORMATS}]")
_SMALLER = re.compile("[^Α-Ω]+")
"""Letter case is dress, but for Greek, whose capitals are other signs."""

_STYLE, _OPENS, _CLOSES = "\x01\x02\x03"
"""A change of font, after which braces are dress, and the braces that LaTeX prints; none of them is left in a text by then."""
_DROPPED = r"""
    left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr bigm displaystyle textstyle scriptstyle limits
    nolimits quad qquad enspace thinspace medspace thickspace negthinspace space par newline noindent hfill hline item protect
    strut mathstrut centering , ; : > ( ) [ ] / ~
"""
_STYLES = """
    text textrm textbf textit texttt textsf textsc textnormal textup emph underline mbox hbox mathrm mathbf mathit mathsf mathtt
    mathcal mathfrak mathscr mathbb boldsymbol bm pmb operatorname ensuremath rm bf it sf tt cal
"""
_PRINTED = r"""
    sqrt √  lt <  gt >  le ≤  leq ≤  leqslant ≤  ge ≥  geq ≥  geqslant ≥  ne ≠  neq ≠  times ×  cdot ⋅  div ÷  pm ±  mp ∓  circ °
    degree °  infty ∞  to →  rightarrow →  longrightarrow →  ldots ...  dots ...  cdots ...  dotsc ...  dotsb ...  prime '  mid |
    vert |  lvert |  rvert |  Vert ||  lVert ||  rVert ||  | ||  parallel ||  angle ∠  triangle △  perp ⊥  in ∈  notin ∉  cup ∪
    cap ∩  subset ⊂  subseteq ⊆  setminus ∖  emptyset ∅  varnothing ∅  forall ∀  exists ∃  sum ∑  prod ∏  int ∫  partial ∂
    nabla ∇  approx ≈  equiv ≡  cong ≅  sim ∼  implies ⇒  Rightarrow ⇒  iff ⇔  lfloor ⌊  rfloor ⌋  lceil ⌈  rceil ⌉  langle ⟨
    rangle ⟩  \ ↵  colon :  ast *  cdotp ⋅  lnot ¬  neg ¬  wedge ∧  land ∧  vee ∨  lor ∨  alpha α  beta β  gamma γ  delta δ
    epsilon ε  varepsilon ε  zeta ζ  eta η  theta θ  iota ι  kappa κ  lambda λ  mu μ  nu ν  xi ξ  pi π  rho ρ  sigma σ  tau τ
    upsilon υ  phi φ  varphi φ  chi χ  psi ψ  omega ω  Gamma Γ  Delta Δ  Theta Θ  Lambda Λ  Xi Ξ  Pi Π  Sigma Σ  Phi Φ  Psi Ψ
    Omega Ω
"""
"""Commands, each followed by what it prints."""
_COMMANDS = {
    **dict.fromkeys([*_DROPPED.split(), " ", "\n", "\t"], " "),
    **dict.fromkeys(_STYLES.split(), _STYLE),
    **dict(zip(_PRINTED.split()[::2], _PRINTED.split()[1::2], strict=True)),
    **dict.fromkeys(("dfrac", "tfrac", "cfrac"), " frac "),
    **dict.fromkeys(("dbinom", "tbinom"), " binom "),
    **dict.fromkeys(("{", "lbrace"), _OPENS),
    **dict.fromkeys(("}", "rbrace"), _CLOSES),
    **{sign: sign for sign in "%$&#_'\""},
}
"""What LaTeX prints, or a blank; any other command is a word."""
_COMMAND = re.compile(
    r"\\(?:left|right)\s{0,3}\.|\\[hv]space\*?\{[^{}]{0,20}\}"
    r"|\\(?:begin|end)\{(?:equation|align|aligned|gather|displaymath|math|center|split|multline)\*?\}"
    r"|\\[dtc]?frac\s{0,3}(?P<over>\d)\s{0,3}(?P<under>\d)|\\sqrt\s{0,3}(?P<root>\d)(?=\d)|\\(?P<name>[a-zA-Z]+\*?|.)",
    re.DOTALL,
)
_GROUPED = re.compile(r"(?<=\d)\\,(?=\d{3}(?!\d))")
_THOUSANDS = re.compile(r"(?<![\d.,(\[{])\d{1,3}(?:,\d{3})+(?![\d,])")
_LATEX_QUOTES = re.compile(r"``([^`']{0,200})''")
_QUOTED = re.compile(r"(?<![\w')\]}])'(?=\w)([^']{1,60})'(?!\w)")
_STARS = re.compile(r"(?<=[\w)\]}])(\s{0,2})\*\*(\s{0,2})(?=[\w(\[{-])")
_LINE_MARK = re.compile(r"(?m)^[^\S\n]{0,8}(?:[*•>]|#{1,6})[^\S\n]")
"""How Markdown begins an item of a list, a quotation or a heading."""

_TOKEN = re.compile(r"\d+(?:\.\d+)*|(?<![\w.])\.\d+|[\u3400-\u9fff]|[^\W\d_\u3400-\u9fff]+|\.{2,}|\S")
_DOTS = "…"
_MARKS = frozenset("!%&'()*-/:[]_{}#@\\⋅‰⌊⌋⌈⌉⟨⟩")
"""Punctuation, as Unicode has it, that means something in mathematics."""
_ENDS = frozenset(["", *".?;,、。！？"])
_QUOTATION_MARKS = dict.fromkeys(map(ord, '$"`'), " ")
_COMPOUND = re.compile(r"(\d|[a-z]{3})\${0,2}-\${0,2}(?=[a-z]{3})")
"""A hyphen of words, "5-day" and "right-angled", set as mathematics or not; any other is a minus sign."""
_GAP = re.compile(rf"\([\s~_{{}}{_STYLE}]{{0,40}}\)|_{{2,}}")
"""A gap to fill: a line, or brackets around nothing, blanks or a line."""
_BETWEEN_NUMBERS = re.compile(r"\d (?=\d)")


def normalise(question: str) -> str:
    """The question without its dress: equal for questions that differ in nothing else. Blanks stand between numbers alone."""
    return joined(words(question))


def words(question: str) -> list[str]:
    """Its words and numbers in order, each with the signs before it; signs after the last one stand alone.

    In scripts without blanks between words (Chinese) every character is a word.
    """
    found, signs = [], ""
    for token in _tokens(_plain(question)):
        if token[0].isalnum():
            found.append(signs + token if signs else token)
            signs = ""
        else:
            signs += token
    return [*found, signs] if signs else found


def joined(parts: list[str]) -> str:
    """Words as one text. Blanks between letters are dress; between numbers they are not, since "4 2" is no "42"."""
    apart = _BETWEEN_NUMBERS.sub(r"\g<0>\t", " ".join(parts))
    return apart.replace(" \t", "\t").replace(" ", "").replace("\t", " ")


def _plain(text: str) -> str:
    """One form of every sign, in small letters, without LaTeX's commands, quotation marks and the frame of a prompt."""
    if "&" in text:
        text = _ENTITY.sub(lambda found: html.unescape(found[0]), text)
    if not text.isascii():
        text = _POWER.sub(lambda found: f"^{{{found[0].translate(_RAISED)}}}", text)
        text = _INDEX.sub(lambda found: f"_{{{found[0].translate(_RAISED)}}}", text)
        text = unicodedata.normalize("NFKC", _APART.sub(r" \g<0> ", text.translate(_SIGNS))).translate(_SIGNS)
    if not text.isprintable():
        text = _INVISIBLE.sub("", text)
    if "\\" in text:
        text = _COMMAND.sub(_printed, _GROUPED.sub("", text.replace("\\!", "")))
    if "``" in text:
        text = _LATEX_QUOTES.sub(r"\1", text)
    text = text.casefold() if text.isascii() else _SMALLER.sub(lambda found: found[0].casefold(), text)
    text = without_frame(text)
    if "-" in text:
        text = _COMPOUND.sub(r"\1 ", text)
    text = _LINE_MARK.sub(" ", text.translate(_QUOTATION_MARKS))
    if "," in text:
        text = _THOUSANDS.sub(lambda found: found[0].replace(",", ""), text.replace("{,}", ","))
    if "**" in text:  # a power of Python between blanks or none, else Markdown's bold type
        text = _STARS.sub(lambda found: "^" if bool(found[1]) == bool(found[2]) else " ", text).replace("**", " ")
    if "(" in text or "__" in text:
        text = _GAP.sub(" ", text)
    return _QUOTED.sub(r" \1 ", text) if "'" in text else text


def _printed(found: re.Match) -> str:
    """What a LaTeX command prints."""
    if found["name"]:
        name = found["name"]
        return _COMMANDS.get(name[:1] + name[1:].removesuffix("*"), f" {name} ")
    if found["over"]:
        return f" frac {found['over']} {found['under']} "
    return f"√{found['root']} " if found["root"] else " "


def _tokens(text: str) -> list[str]:
    """Numbers, runs of letters, and the single signs that mean something."""
    found = _TOKEN.findall(text)
    found.append("")
    made: list[str] = []
    open_braces: list[tuple[int, int, bool]] = []  # where in `made`, how many tokens stood before, whether they belong to a font
    count, before, last = 0, "", ""
    for place, token in enumerate(found):
        earlier, before = before, token
        if not token[:1].isalnum():
            if token == "{":
                open_braces.append((len(made), count, earlier == _STYLE))
                made.append(token)
                continue
            if token == "}":
                if not open_braces:
                    continue
                start, held, dress = open_braces.pop()
                if dress or count == held or (count == held + 1 and _is_single(last)):
                    made[start] = ""
                    continue
            elif not (token := _meaning(earlier, token, found[place + 1] if token else "")):
                continue
        made.append(token)
        count, last = count + 1, token
    return _tidied(made)


def _meaning(before: str, token: str, after: str) -> str:
    """A sign as it is compared, given its neighbours; "" for one that is dress."""
    if len(token) > 1:
        return "0" + token if token[-1].isdigit() else _DOTS
    if token in ",;、":
        return "," if _is_mathematics(before) and _is_mathematics(after) else ""
    if token == ":":
        return token if _is_mathematics(before) and _is_mathematics(after) else ""
    if token == "!":
        return token if _is_mathematics(before) else ""
    return _kept_sign(token) if token else ""


@functools.cache
def _kept_sign(sign: str) -> str:
    if sign in (_OPENS, _CLOSES):
        return "{" if sign == _OPENS else "}"
    category = unicodedata.category(sign)
    return "" if sign in "$`~" or category[0] in "CZ" or (category[0] == "P" and sign not in _MARKS) else sign


def _is_single(token: str) -> bool:
    return len(token) == 1 or token[0].isdigit()


def _is_mathematics(token: str) -> bool:
    """A number, a letter that stands alone, or a sign: no word, no end of a sentence, no end of the text."""
    if token[:1].isalpha():
        return len(token) == 1 and token < "\u3400"
    return token not in _ENDS


def _tidied(tokens: list[str]) -> list[str]:
    """Without empty places, without dots at the end, and with primes and degrees that are written as powers."""
    made: list[str] = []
    for token in tokens:
        if token in ("'", "°") and made and made[-1] == "^":
            made[-1] = token
        elif token:
            made.append(token)
    while made and made[-1] == _DOTS:
        made.pop()
    return made
