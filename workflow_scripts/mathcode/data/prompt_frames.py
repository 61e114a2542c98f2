r"""The frame of a prompt around a question ("Question: ... Let's think step by step."): found, so that it can be taken away.

A frame is known by its words: a sentence at the start or the end that holds no number, no sign, and only words that tell somebody to
solve a problem, whatever their order. "Express your answer as a fraction" is none, since it changes what the right answer is.
"""

import re

_MARKUP = re.compile(
    r"<\|[^<>|\s]{1,30}\|>|\[/?inst\]|<</?sys>>"
    r"|</?(?:s|p|br|b|i|em|strong|div|span|image|question|problem|answer|think|user|assistant|system|instruction)\s{0,3}/?>"
)
_ENDS = re.compile(r"[.?!:,\n。？！：，、\]]+")
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_NUMBERED = re.compile(r"\s*(?:(?:question|problem|exercise|example|task|q|no)\W{0,3}|第\s?)\d{1,4}\s?[题问]?\W*")
_LISTED = re.compile(r"\s*\(?\d{1,3}[.)、]\s?(?=[^\W\d]{2})")
_MARKS = re.compile(r"[\s.?!:,;。？！：，、；'\"`#*_$~\\{}()\[\]<>-]+")
_ENGLISH_WORDS = """
    a about above according act advance advice after ai all always an and answer answering answers any appropriate appropriately
    as ask asked assistant at be before begin below best box boxed briefly but by can careful carefully clear clearly code
    complete completed completely completes comprehensive concise concisely consider context correct correctly could curious
    describes detail detailed details do each efficiently enclose enclosed end ending every exam example expert explain explaining
    explanation explanations final finally first follow following follows for form format from further give given gives good hello
    help helpful here hi highly how human i if image in input inside instruction instructions into is it its just last let let's
    like line list logical make math mathematical mathematician mathematics maths me must need now of ok okay on one only or
    output paired pairs place please polite present presented problem problems produce prompt provide provided provides providing
    put python q query question questions quotes read reason reasoning remember reply request required respond responds response
    response's result return say sentence separate should show shown skilled solution solutions solve solving start state step
    stepbystep steps student such sure system tag tags take task teacher tell thank thanks that the their them then there these
    think thinking this thorough thoroughly thought thoughts through to try tutor us use user using want way we well will with
    within without word work would write you you're your
"""
_CHINESE_WORDS = """
    题 问 请你 请 你 请您 您 我们 让我们 问题 题目 数学 应用题 用 一道 这道 这个 以下 下面 如下 下列 解答 解 答 解决
    回答 作答 求解 答案 最终 最后 结果 一步 一步一步 一步步 逐步 步骤 思考 推理 分析 地 并且 并 把 将 放在 放 放到 写
    写在 写出 给出 输出 使用 里 里面 中 内 方框 框 的 了 来 进行 仔细 认真 阅读 详细 过程 说明 解释 展示 然后 首先 之后
    和 是 助手 用户 系统 指令 任务 老师 专家 一个 一位 完成 适当 合适
"""
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_CHINESE = re.compile("|".join(sorted(_CHINESE_WORDS.split(), key=len, reverse=True)))


def without_frame(text: str) -> str:
    """The text without the frame of a prompt; all of it where nothing else would be left.

    Args:
        text: in small letters and with ASCII punctuation, where its own allows.
    """
    bare = _MARKUP.sub("\n", text)
    ends = [found.end() for found in _ENDS.finditer(bare)]
    if not ends or ends[-1] < len(bare):
        ends.append(len(bare))
    ends.insert(0, 0)
    first, last = 0, len(ends) - 1
    while first < last and (_framing(sentence := bare[ends[first] : ends[first + 1]]) or _NUMBERED.fullmatch(sentence)):
        first += 1
    while last > first and _framing(bare[ends[last - 1] : ends[last]]):
        last -= 1
    if first == last:
        return text
    kept = bare[ends[first] : ends[last]]
    return _LISTED.sub("", kept, count=1) if _LISTED.match(kept) else kept


def _framing(sentence: str) -> bool:
    """Whether a sentence is part of a frame: nothing but its words, in English or Chinese, and marks."""
    return _ENGLISH.issuperset(_WORD.findall(sentence)) and not _MARKS.sub("", _CHINESE.sub("", _WORD.sub(" ", sentence)))
