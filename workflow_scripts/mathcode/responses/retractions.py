"""What takes a stated answer back, in English and Chinese: who says of it that it is wrong, and words that only may mean that."""

import re

_WHOLE = r"(?=\s{0,3}(?:[.!,;:…)。！，*]|\n|\Z|(?:because|since|so|as|and)\b))"
"""Where what is said of an answer ends: "this is not valid for x = 4" speaks of something else."""
_SUBJECT = r"(?<![^\s.!?,;:。，—(*\"])(?:that|this|it)(?: (?:answer|result|guess|solution))?"
_NAMED = (
    r"(?:(?<=[.!?。]\s)|(?<=[.!?。])|(?<=\n)|(?<=[$*]\s)|(?<=[Bb]ut )|(?<=[Hh]owever, ))"
    r"(?:the (?:above|previous)(?: (?:answer|result|calculation|"
    r"solution|reasoning|work))?|(?:the|my|our|this|that) (?:answer|result|calculation|solution|reasoning)(?: above)?)"
)
_GIVEN = (
    r"(?:the|all|our|these|its)(?: given| original)? (?:equations?|conditions?|problem|question|constraints?|requirements?|assumptions?)"
)
_FAILS = (
    r"(?:(?:'s|’s| is| was| seems| looks)(?: clearly| obviously| actually| certainly| therefore| simply)? "
    r"(?:not (?:valid|possible|acceptable|"
    r"allowed|consistent|reasonable|it)|invalid|unreasonable|nonsense)"
    r"| (?:does not|doesn't|doesn’t|did not|didn't|didn’t|will not|won't|won’t|cannot|can't|can’t) (?:work|hold|make sense|add up|"
    rf"(?:look|seem|sound) (?:right|correct)|(?:satisfy|fit|meet|match|fulfil) {_GIVEN})"
    rf"| (?:contradicts|violates) {_GIVEN}| fails(?: the check)?"
    r"| (?:can't|can’t|cannot|can not|could not|couldn't|couldn’t) be (?:right|correct|true|it|the answer))"
)
_ERRS = r" (?:is|was) (?:wrong|incorrect)| (?:contains|has) (?:a|an) (?:\w+ )?(?:mistake|error)"
_CHINESE_FAILS = r"(?:不成立|不合理|不可能|是错的|是错误的|错误|矛盾|不符合?题意|不合题意|不对|错了|有误|不正确)"

RETRACTIONS = (
    (
        3,
        r"(?<![^\s.!?,;:。，—(*\"])(?:(?:but |no, |and |oh, |wait, )?(?:that|this|it|which)(?:'s|’s|"
        r" is| was| can't be| cannot be| can’t be| must be| seems| looks)"
        r"|(?:but )?(?:my|the|our)(?: first| earlier| previous| initial| above| last| own)?(?: answer|"
        r" guess| result| box| calculation| solution| attempt| value)(?: above)?(?: is| was)"
        r"|\\(?:boxed|fbox)\s?\{[^{}]{1,60}\}\s?\$?(?: is| was))"
        r"\s(?:clearly |obviously |actually |certainly |therefore |simply )?(?:not (?:right|correct|"
        r"the answer|quite right)|wrong|incorrect|a slip|a mistake|a typo|mistaken|off\b|an error|"
        r"impossible|too (?:high|low|large|small|many|much|few|little))",
    ),
    (
        3,
        r"\bI (?:mis(?:read|counted|calculated|took|understood|interpreted)|was wrong|take (?:that|"
        r"it) back)|\bscratch that|\bstrike that|\bI (?:made|see) (?:a|an|my) (?:\w+ )?(?:mistake|"
        r"error|slip)",
    ),
    (3, r"算错|看错|弄错|搞错|答错|(?:这|那|上面|前面|刚才)(?:个|的)?[^\n。，]{0,6}(?:不对|错了|有误|不正确)|不对[，。,！!]"),
    (3, rf"{_SUBJECT}{_FAILS}{_WHOLE}|{_NAMED}(?:{_FAILS}|{_ERRS}){_WHOLE}"),
    (
        3,
        r"\bthere(?:'s|’s| is| was) (?:a|an) (?:\w+ )?(?:mistake|error|slip) (?:in (?:my|our|the above)|above)\b"
        r"|\bI (?:retract|withdraw) (?:that|this|it|my)\b|\bI(?: am|'m|’m) wrong\b"
        rf"|(?<![^\s.!?])(?<!can )(?<!to )(?<!we )"
        rf"(?:ignore|disregard|forget) (?:that|this|(?:the|my) (?:above|previous|last))(?: answer| result)?{_WHOLE}",
    ),
    (
        3,
        r"(?:(?<=[.!?。！]\s)|(?<=[.!?。！$])|(?<=\n)|(?<=[$}*]\s)|(?<=[Nn]o, )|(?<=[Oo]ops, ))"
        r"(?:wrong|incorrect|not (?:right|correct))(?=\s{0,2}(?:[!.…]|\Z))"
        r"|(?<=[。！!？\n])\s{0,3}(?:(?:答案|结果|计算)(?:是)?(?:错了|错误|不对|有误)|错了|应?舍去)(?=[。！!]|\s{0,2}\Z)",
    ),
    (
        3,
        rf"(?:这(?![种些两])|那(?![种些么])|此)(?:个|的)?[^\n。，]{{0,6}}{_CHINESE_FAILS}(?=[。！!，,]|\s{{0,2}}\Z)"
        rf"|(?:以上|上述|上面|前面)的?(?:答案|解答|计算|结果|过程|推理|解法)[^\n。，]{{0,3}}{_CHINESE_FAILS}",
    ),
    (
        2,
        r"\bsorry\b|\bapolog(?:y|ies|ise|ize)\b|\boops\b|\bwhoops\b|\bmy mistake\b|\bcorrection\b|"
        r"\blet(?: me|'s|’s| us) (?:redo|start over|try again|try (?:it |this |that )?(?:once more|"
        r"differently)|correct|recompute|recalculate|fix|rethink|reconsider)|抱歉|对不起|更正|重新(?:计算|来|考虑|"
        r"算|做|审题)",
    ),
    (
        1,
        r"\bwait\b|\bhold on\b|\bhmm+\b|(?<![^\s.!?(])actually\b|(?<![^\s.!?(])no[,.!:—-]|\bon second "
        r"thought|\bnot quite\b|等等|等一下|且慢|其实|不[，,]",
    ),
)
"""What takes back: 3 says so (the statement before is void), 2 does if a value follows, 1 if the text then concludes otherwise."""

RETRACTION = re.compile("|".join(f"(?P<r{number}>{pattern})" for number, (_, pattern) in enumerate(RETRACTIONS)), re.IGNORECASE)
STRENGTHS = {f"r{number}": strength for number, (strength, _) in enumerate(RETRACTIONS)}
RETRACTION_HINTS = re.compile(
    "scratch|strike|wrong|incorrect|not right|not correct|not the answer|not quite|slip|mistake|typo|off|error|"
    "impossible|too |i mis|i was|i am|i'm|i’m|i take|sorry|apolog|oops|"
    "whoops|correction|let me |let's |let’s |let us |wait|hold on|hmm|actually|no,|no.|no!|no—|"
    r"invalid|unreasonable|nonsense|not (?:valid|possible|acceptable|allowed|consistent|reasonable|it\b|the answer)|"
    r"(?:n't|n’t|not) (?:work|hold|make sense|add up|look|seem|sound|satisf|fit|meet|match|fulfil)|"
    r"be (?:right|correct|true|it\b|the answer)|"
    r"contradicts|violates|fails|retract|withdraw|(?:ignore|disregard|forget) (?:th|my)|no:|"
    "不成立|不合理|不可能|矛盾|题意|舍去|"
    "no-|on second|错|有误|不正确|不对|抱歉|对不起|更正|重新|等|且慢|其实|不，|不,"
)
"""Beginnings of what the pattern needs, in lower case: found quickly, since it ignores case."""
