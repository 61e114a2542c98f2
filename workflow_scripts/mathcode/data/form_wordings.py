"""What the families of `mathcode.data.form_families` say, in English and Chinese: three wordings, units, and labels of two values.

Words in braces: operands of the structure, {name} and {other} (people), {item} and {other_item} (things).
"""

from typing import NamedTuple


class Texts(NamedTuple):
    """A family in one language.

    Attributes:
        ordinary, reworded: two wordings of the ordinary structure.
        harder: the harder structure.
        units: one for each value of the answer.
        labelled: two values, {0} and {1}, as a person would label them; "" for one value.
    """

    ordinary: str
    reworded: str
    harder: str
    units: tuple[str, ...]
    labelled: str = ""


PEOPLE = {
    "en": ("Ann", "Bob", "Cal", "Dan", "Eve", "Fay", "Gus", "Ida", "Jay", "Kim"),
    "zh": ("小明", "小红", "小刚", "小丽", "小华", "小军", "小芳", "小强"),
}
THINGS = {
    "en": ("books", "cups", "hats", "jars", "lamps", "mugs", "nuts", "pens", "rings", "toys"),
    "zh": ("苹果", "杯子", "帽子", "铅笔", "玩具", "灯", "桃", "球"),
}

WORDINGS: dict[str, dict[str, Texts]] = {
    "left": {
        "en": Texts(
            "{name} has {a} {item}, gets {b} more and loses {c}. How many {item} are left?",
            "After losing {c} of the {a} {item} and the {b} bought later, how many {item} does {name} still have?",
            "{name} has {a} {item}, gets {b} more, loses {c} and gives away {d}. How many {item} are left?",
            ("pieces",),
        ),
        "zh": Texts(
            "{name}有{a}个{item}，又得到{b}个，丢了{c}个，还剩多少个{item}？",
            "{name}原有{a}个{item}，后来买了{b}个，用掉{c}个，现在有几个{item}？",
            "{name}有{a}个{item}，又得到{b}个，丢了{c}个，送人{d}个，还剩多少个{item}？",
            ("个",),
        ),
    },
    "bill": {
        "en": Texts(
            "{name} buys {a} {item} at {p} dollars each and {b} {other_item} at {q} dollars each. What is the bill in dollars?",
            "One of the {item} costs {p} dollars, one of the {other_item} {q}. What do {a} of the first and {b} of the second cost {name}?",
            "{name} buys {a} {item} at {p} dollars each, {b} {other_item} at {q} dollars each and a bag for {c} dollars. What is the bill?",
            ("dollars",),
        ),
        "zh": Texts(
            "{name}买{a}个{item}，每个{p}元，又买{b}个{other_item}，每个{q}元，一共多少元？",
            "{item}{p}元一个，{other_item}{q}元一个，{name}要{a}个{item}和{b}个{other_item}，要付几元？",
            "{name}买{a}个{item}，每个{p}元，{b}个{other_item}，每个{q}元，还有一个{c}元的袋子，一共多少元？",
            ("元",),
        ),
    },
    "share": {
        "en": Texts(
            "{name} shares {a} kg of {item} among {b} people. How many kg does each get?",
            "{b} people split {a} kg of {item} that {name} brought. How much is one part in kg?",
            "{name} shares {a} kg of {item} and {c} kg of {other_item} among {b} people. How many kg does each get?",
            ("kg",),
        ),
        "zh": Texts(
            "{name}把{a}千克{item}平均分给{b}个人，每人多少千克？",
            "{b}个人平分{name}带来的{a}千克{item}，一份是几千克？",
            "{name}把{a}千克{item}和{c}千克{other_item}平均分给{b}个人，每人多少千克？",
            ("千克",),
        ),
    },
    "together": {
        "en": Texts(
            "{name} and {other} have {s} {item} together. {name} has {d} more than {other}. How many does each have?",
            "Of {s} {item}, {name} owns {d} more than {other} does. Say how many are whose, {name} first.",
            "{name} and {other} have {s} {item} together, {name} {d} more than {other}. Then {name} finds {c}. How many does each have?",
            ("pieces", "pieces"),
            "{name} {0}, {other} {1}",
        ),
        "zh": Texts(
            "{name}和{other}一共有{s}个{item}，{name}比{other}多{d}个，两人各有多少个？",
            "{s}个{item}归{name}和{other}，{other}比{name}少{d}个，先说{name}，两人各几个？",
            "{name}和{other}一共有{s}个{item}，{name}比{other}多{d}个，后来{name}又捡到{c}个，两人各有多少个？",
            ("个", "个"),
            "{name}{0}个，{other}{1}个",
        ),
    },
    "fence": {
        "en": Texts(
            "{name} fences a garden {a} m long and {b} m wide. How many m of fence are needed?",
            "What length of fence in m goes round {name}'s garden with sides of {a} m and {b} m?",
            "{name} fences a garden {a} m long and {b} m wide but for a gate of {c} m. How many m of fence are needed?",
            ("m",),
        ),
        "zh": Texts(
            "{name}给长{a}米、宽{b}米的花园围篱笆，要多少米篱笆？",
            "{name}的花园两边是{a}米和{b}米，绕一圈的篱笆长几米？",
            "{name}给长{a}米、宽{b}米的花园围篱笆，留{c}米的门，要多少米篱笆？",
            ("米",),
        ),
    },
    "clock": {
        "en": Texts(
            "{name} works for {t} minutes. How many hours and minutes is that?",
            "Write the {t} minutes that {name} worked as hours and minutes.",
            "{name} works for {t} minutes and then for {c} more. How many hours and minutes is that?",
            ("hours", "minutes"),
            "{0} hours {1} minutes",
        ),
        "zh": Texts(
            "{name}工作了{t}分钟，是几小时几分？",
            "把{name}用的{t}分钟写成小时和分。",
            "{name}工作了{t}分钟，又工作了{c}分钟，一共是几小时几分？",
            ("小时", "分"),
            "{0}小时{1}分",
        ),
    },
    "part": {
        "en": Texts(
            "{a} of the {item} are red and {b} are blue. What are the red ones divided by the blue ones?",
            "There are {b} blue {item}. How many times as many are the {a} red ones?",
            "{a} of the {item} are red, {c} green and {b} blue. What are the red and green ones divided by the blue ones?",
            ("times",),
        ),
        "zh": Texts(
            "红{item}有{a}个，蓝{item}有{b}个，红的是蓝的多少倍？",
            "蓝{item}{b}个，红{item}{a}个，红的除以蓝的是几？",
            "红{item}有{a}个，绿{item}有{c}个，蓝{item}有{b}个，红的和绿的是蓝的多少倍？",
            ("倍",),
        ),
    },
    "discount": {
        "en": Texts(
            "One of the {item} cost {p} dollars and is now {d}% off. What does {name} pay in dollars?",
            "With {d}% taken off a price of {p} dollars, how many dollars is {name} asked for one of the {item}?",
            "One of the {item} cost {p} dollars and is now {d}% dearer. What does {name} pay in dollars?",
            ("dollars",),
        ),
        "zh": Texts(
            "一个{item}原价{p}元，现在便宜{d}%，{name}要付多少元？",
            "标价{p}元的{item}减去{d}%，{name}花了几元？",
            "一个{item}原价{p}元，现在贵了{d}%，{name}要付多少元？",
            ("元",),
        ),
    },
    "average": {
        "en": Texts(
            "{name} has {a}, {b}, {c} and {d} points in four games. What is the average?",
            "Four games brought {name} {a}, {b}, {c} and {d} points. How many points a game is that?",
            "{name} has {a}, {b}, {c}, {d} and {e} points in five games. What is the average?",
            ("points",),
        ),
        "zh": Texts(
            "{name}四场得了{a}、{b}、{c}、{d}分，平均多少分？",
            "四场比赛{name}分别得{a}、{b}、{c}、{d}分，每场算几分？",
            "{name}五场得了{a}、{b}、{c}、{d}、{e}分，平均多少分？",
            ("分",),
        ),
    },
    "field": {
        "en": Texts(
            "A field of {name} is {a} m by {b} m. What are its area and its perimeter?",
            "How large is a field with sides {a} m and {b} m that {name} owns, and how long is the way round it?",
            "A field of {name} is {a} m by {b} m. Its first side grows by {c} m. What are its area and its perimeter then?",
            ("square metres", "metres"),
            "area {0}, perimeter {1}",
        ),
        "zh": Texts(
            "{name}的田长{a}米、宽{b}米，面积和周长各是多少？",
            "两边为{a}米和{b}米的田有多大，{name}绕一圈走多远？",
            "{name}的田长{a}米、宽{b}米，长增加{c}米，面积和周长各是多少？",
            ("平方米", "米"),
            "面积{0}，周长{1}",
        ),
    },
    "speed": {
        "en": Texts(
            "{name} walks {a} km in {b} hours. How many km is that in {c} hours?",
            "How far in km does {name} come in {c} hours, at {a} km every {b} hours?",
            "{name} walks {a} km in {b} hours. How many km is that in {c} hours and then {d} more?",
            ("km",),
        ),
        "zh": Texts(
            "{name}{b}小时走{a}千米，{c}小时走多少千米？",
            "照每{b}小时{a}千米，{name}走{c}小时有几千米？",
            "{name}{b}小时走{a}千米，先走{c}小时再走{d}小时，一共多少千米？",
            ("千米",),
        ),
    },
    "boxes": {
        "en": Texts(
            "{name} packs {a} {item} into boxes of {b}. How many boxes are full, and how many {item} are over?",
            "Boxes hold {b} {item}. Of {a}, how many boxes does {name} fill, and what is left over?",
            "{name} packs {a} {item} and {c} more into boxes of {b}. How many boxes are full, and how many {item} are over?",
            ("boxes", "pieces"),
            "{0} boxes, {1} over",
        ),
        "zh": Texts(
            "{name}把{a}个{item}装盒，每盒{b}个，装满几盒，余几个？",
            "每盒装{b}个{item}，{name}有{a}个，能装满多少盒，还多几个？",
            "{name}把{a}个{item}和另外{c}个装盒，每盒{b}个，装满几盒，余几个？",
            ("盒", "个"),
            "{0}盒余{1}",
        ),
    },
    "change": {
        "en": Texts(
            "{name} pays {c} {item} at {p} dollars each with 100 dollars. How many dollars come back?",
            "Out of a note of 100 dollars {name} gives {p} dollars for each of {c} {item}. What is the change?",
            "{name} pays {c} {item} at {p} dollars each and a bag for {q} dollars with 100 dollars. How many dollars come back?",
            ("dollars",),
        ),
        "zh": Texts(
            "{name}用100元买{c}个{item}，每个{p}元，找回多少元？",
            "{item}{p}元一个，{name}买{c}个，付100元，应找几元？",
            "{name}用100元买{c}个{item}，每个{p}元，和一个{q}元的袋子，找回多少元？",
            ("元",),
        ),
    },
    "ages": {
        "en": Texts(
            "{name} is {a}. A tree is older by {k} times {name}'s age. How old is the tree?",
            "A tree has {k} times the {a} years of {name} on top of them. What is its age?",
            "{name} is {a}. A tree is older by {k} times {name}'s age and {c} years. How old is the tree?",
            ("years",),
        ),
        "zh": Texts(
            "{name}{a}岁，一棵树比{name}大{k}个{name}的年龄，树多少岁？",
            "树的年龄是{name}的{a}岁再加{k}个{a}岁，树几岁？",
            "{name}{a}岁，一棵树比{name}大{k}个{name}的年龄再加{c}年，树多少岁？",
            ("岁",),
        ),
    },
}
