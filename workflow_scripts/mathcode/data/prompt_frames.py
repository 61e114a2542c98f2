r"""The frame of a prompt around a question ("Question: ... Let's think step by step."): found, so that it can be taken away.

A frame is known by its words: a sentence at the start or the end that holds no number, no sign, and only words that tell somebody to
solve a problem, whatever their order. "Express your answer as a fraction" is none, since it changes what the right answer is.
"""

import bisect
import re

_MARKUP = re.compile(
    r"<\|[^<>|\s]{1,30}\|>|\[/?inst\]|<</?sys>>"
    r"|</?(?:s|p|br|b|i|em|strong|div|span|image|question|problem|answer|think|user|assistant|system|instruction)\s{0,3}/?>"
)
_CUT = "\x1e"
_ENDS = re.compile(r"[.?!:,\n。？！：，、\]\x1e]+")
_SLIGHT = re.compile(r"[,\n，、\]]+")
"""What may also stand within a sentence."""
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_NUMBERED = re.compile(r"\s*(?:(?:question|problem|exercise|example|task|q|no)\W{0,3}|第\s?)\d{1,4}\s?[题问]?\W*")
_LISTED = re.compile(r"\s*\(?\d{1,3}[.)、]\s?(?=[^\W\d]{2})")
_MARKS = re.compile(r"[\s\x1e.?!:,;。？！：，、；'\"`#*_$~\\{}()\[\]<>-]+")
_ENGLISH_WORDS = """
    a about above according act advance advice after ai all aloud also always am an and answer answering answers any anything
    appropriate appropriately are as ask asked asks assistant at be been before begin being below best between both box boxed
    brief briefly but by calculations can careful carefully clarity clear clearly code complete completed completely completes
    comprehensive concise concisely consider context conversation correct correctly could curious describes detail detailed
    details do e each efficient efficiently else enclose enclosed end ending ends entire every exam example experienced expert
    explain explaining explanation explanations final finally finish finished first follow following follows for form format from
    further give given gives giving good grade hello help helpful here hi highly how human i if image in include includes
    including input inside instruction instructions integrate intelligent intermediate into is it its just knowledgeable language
    last latex let let's like line list logical loud make math mathematical mathematician mathematics maths me mind must natural
    need not now of ok okay on one only or other out output own paired pairs place please polite present presented problem
    problems process produce professional program programs prompt provide provided provides providing put python q query question
    questions quotes read ready reason reasoning remember reply request required respectively respond responds response response's
    result return say school sentence separate should show shown skilled smart solution solutions solve solves solving start state
    step stepbystep steps student such sure system tag tags take task teacher tell thank thanks that the their then there these
    thing things think thinking thinks this thorough thoroughly thought thoughts through to try tutor us use user using want way
    we well where will with within without word words work would wrap wrapped write writes you you're your yourself
"""
_CHINESE_WORDS = """
    题 问 请你 请 你 请您 您 我们 让我们 问题 题目 数学 应用题 用 一道 这道 这个 以下 下面 如下 下列 解答 解 答 解决
    回答 作答 求解 答案 最终 最后 结果 一步 一步一步 一步步 逐步 步骤 思考 推理 分析 地 并且 并 把 将 放在 放 放到
    写 写在 写出 给出 输出 使用 里 里面 中 内 方框 框 的 了 来 进行 仔细 认真 阅读 详细 过程 说明 解释 展示 然后
    首先 之后 和 是 助手 用户 系统 指令 任务 老师 专家 一个 一位 完成 适当 合适 通过 放置于 放置 于 结合 自然语言
    程序语言 程序 语言 编程 代码 运行 清晰 完整 简洁 正确 认真地 一名 数学家 擅长 需要 帮助 提供 每一步 每一 理由
    谢谢 好的
"""
_LABEL_WORDS = "question problem instruction instructions input answer solution response query task user assistant system human q"
_TELLING_WORDS = """
    answers ask boxed example expert explain explanation help mathematician problems program python questions reason reasoning request
    respond solve solutions step steps teacher think thinking tutor work
"""
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_LABELS = frozenset(_LABEL_WORDS.split())
_TELLING_CHINESE = re.compile("题|问|答|解|思考|步|推理")
_TELLING = _LABELS | frozenset(_TELLING_WORDS.split())
_CHINESE = re.compile("|".join(sorted(_CHINESE_WORDS.split(), key=len, reverse=True)))


def without_frame(text: str) -> str:
    """The text without the frame of a prompt; all of it where nothing else would be left.

    Args:
        text: in small letters and with ASCII punctuation, where its own allows.
    """
    bare = _MARKUP.sub(_CUT, text)
    cuts = [(0, True), *((found.end(), not _SLIGHT.fullmatch(found[0])) for found in _ENDS.finditer(bare))]
    cuts = [*cuts[:-1], (len(bare), True)] if cuts[-1][0] == len(bare) else [*cuts, (len(bare), True)]
    sentences = [place for place, (_, ends) in enumerate(cuts) if ends]  # the others are in the midst of one
    first, last = 0, len(cuts) - 1

    def framing(start: int, end: int, **where: bool) -> bool:
        return _framing(bare[cuts[start][0] : cuts[end][0]], **where)

    while first < last and framing(first, end := sentences[bisect.bisect_right(sentences, first)], whole=True, leading=True):
        first = end
    while last > first and framing(start := sentences[bisect.bisect_left(sentences, last) - 1], last, whole=True, leading=False):
        last = start
    while first < last and framing(first, first + 1, whole=False, leading=True):
        first += 1
    while last > first and framing(last - 1, last, whole=False, leading=False):
        last -= 1
    if first >= last:
        return text
    kept = bare[cuts[first][0] : cuts[last][0]].replace(_CUT, "\n")
    listed = _LISTED.match(kept)
    return kept[listed.end() :] if listed else kept


def _framing(part: str, whole: bool, leading: bool) -> bool:
    """Whether a part of a text is of a frame: its words and marks, in English or Chinese, and nothing else.

    Where it is no `whole` sentence, because only a line end or a comma stands between it and the rest, it may belong to a sentence of
    the question: then it must name what a frame names, and a word alone must be a label.
    """
    words = _WORD.findall(part)
    if not _ENGLISH.issuperset(words) or _MARKS.sub("", _CHINESE.sub("", _WORD.sub(" ", part))):
        return leading and _NUMBERED.fullmatch(part) is not None
    if whole:
        return True
    if len(words) == 1:
        return words[0] in _LABELS and (leading or ":" in part)
    return not _TELLING.isdisjoint(words) or _TELLING_CHINESE.search(part) is not None
