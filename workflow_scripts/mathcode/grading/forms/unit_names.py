"""The table of units: their names in English, in symbols and in Chinese, and how they convert.

A line is `dimension factor names`; the first name is the one that stands for the unit. The factor is exact and counts in the first unit of
its dimension. Names with `_` are several words. Dimensions are products such as `length^2` or `mass length^2 time^-2`.
A name may stand in several lines (pound, minute, 分): it then has several readings, the first line being the preferred one.
"""

from fractions import Fraction

Dimension = tuple[tuple[str, int], ...]
"""Base quantities with their exponents, sorted."""
Reading = tuple[str, Dimension, Fraction]
"""Name of the unit, its dimension, and what it counts in the dimension's first unit."""

_FORCE, _ENERGY, _POWER = "mass*length*time^-2", "mass*length^2*time^-2", "mass*length^2*time^-3"
_PRESSURE, _CHARGE, _VOLTAGE = "mass*length^-1*time^-2", "current*time", "mass*length^2*time^-3*current^-1"

_WORDS = f"""
length 1 meter metre 米 公尺
length 1/10 decimeter decimetre 分米 公寸
length 1/100 centimeter centimetre cms 厘米 公分
length 1/1000 millimeter millimetre 毫米 公厘
length 1000 kilometer kilometre kms 千米 公里
length 1/1000000 micrometer micrometre micron 微米
length 1/1000000000 nanometer nanometre 纳米
length 1/10000000000 angstrom Å
length 127/5000 inch inches in 英寸 吋
length 381/1250 foot feet ft 英尺
length 1143/1250 yard yd yds 码
length 201168/125 mile mi 英里
length 1852 nautical_mile 海里
length 9460730472580800 light_year light-year ly 光年
length 149597870700 astronomical_unit AU
length 500 里 华里
length 10/3 丈
length 1/3 尺
length 1/30 寸
length 9144/5000 fathom
length 201168/1000 furlong
length^2 10000 hectare ha 公顷
length^2 316160658/78125 acre 英亩
length^2 2000/3 亩
length^2 200000/3 顷
length^3 1/1000 liter litre L l \\ell 升 公升
length^3 1/10000 deciliter decilitre 分升
length^3 1/100000 centiliter centilitre 厘升
length^3 1/1000000 milliliter millilitre cc 毫升
length^3 1 kiloliter kilolitre 千升
length^3 473176473/125000000000 gallon gal 加仑
length^3 473176473/500000000000 quart qt qts 夸脱
length^3 473176473/1000000000000 pint pt pts 品脱
length^3 473176473/2000000000000 cup
length^3 473176473/16000000000000 fluid_ounce fl_oz 液盎司
length^3 473176473/32000000000000 tablespoon tbsp
length^3 473176473/96000000000000 teaspoon tsp
mass 1 kilogram kilo kilogramme kgs 千克 公斤
mass 1/1000 gram gramme gm gms 克
mass 1/1000000 milligram 毫克
mass 1/1000000000 microgram mcg 微克
mass 1000 tonne metric_ton t 吨 公吨
mass 45359237/50000 ton short_ton
mass 1000 ton
mass 45359237/100000000 pound lb lbs 磅 英磅
mass 45359237/1600000000 ounce oz 盎司
mass 635029318/100000000 stone
mass 1/5000 carat 克拉
mass 100 quintal 公担
mass 1/2 斤 市斤
mass 1/20 两
mass 1/200 钱
time 1 second sec sec. secs 秒 秒钟
time 1/1000 millisecond 毫秒
time 1/1000000 microsecond 微秒
time 60 minute min mins \\min 分钟 分
time 3600 hour h hr hrs 小时 时 个小时 钟头 个钟头
time 900 刻 刻钟
time 86400 day d 天 日 昼夜
time 604800 week wk wks 周 星期 礼拜 个星期 个礼拜
time 1209600 fortnight
month 1 month mo 月 个月
month 3 季度 个季度
month 12 year yr yrs 年 岁 周岁 year_old yr_old
month 120 decade
month 1200 century 世纪 个世纪
degree 1 degree deg deg. ° ^\\circ 度
degree 1/60 minute arcminute arc_minute 分
degree 1/3600 second arcsecond arc_second 秒
degree 360 revolution rev 转 圈 周
radian 1 radian rad 弧度
kelvin 1 kelvin K degree_Kelvin degree_K 开尔文 开
length*time^-1 1397/3125 mph mi/h
length*time^-1 5/18 kph kmph kmh km/h
length*time^-1 463/900 knot kn 节
length*time^-1 1 mps
length*time^-1 299792458 c
degree*time^-1 6 rpm
{_FORCE} 1 newton N 牛 牛顿
{_FORCE} 1/100000 dyne
{_FORCE} 8896443230521/2000000000000 pound_force lbf
{_ENERGY} 1 joule J 焦 焦耳
{_ENERGY} 1000 kilojoule 千焦
{_ENERGY} 523/125 calorie cal 卡 卡路里
{_ENERGY} 4184 kilocalorie Calorie 千卡 大卡
{_ENERGY} 3600000 kilowatt-hour kilowatt_hour kWh kwh KWH 千瓦时 千瓦小时 度
{_ENERGY} 801088317/5000000000000000000000000000 electronvolt eV electron_volt 电子伏特
{_ENERGY} 1/10000000 erg
{_POWER} 1 watt W 瓦 瓦特
{_POWER} 1000 kilowatt kw 千瓦
{_POWER} 37284993579113511/50000000000000 horsepower hp 马力
{_PRESSURE} 1 pascal Pa 帕 帕斯卡
{_PRESSURE} 1000 kilopascal 千帕
{_PRESSURE} 101325 atmosphere atm 大气压 个大气压
{_PRESSURE} 100000 bar 巴
{_PRESSURE} 20265/152 torr
{_PRESSURE} 26664477483/200000000 mmHg mm_Hg
{_PRESSURE} 8896443230521/1290320000 psi
time^-1 1 hertz Hz 赫兹 赫
time^-1 1 becquerel Bq
time^-1 37000000000 curie Ci
current 1 ampere amp A 安 安培
current 1/1000 milliampere 毫安
{_CHARGE} 1 coulomb C 库仑
{_VOLTAGE} 1 volt V 伏 伏特
mass*length^2*time^-3*current^-2 1 ohm \\Omega Ω 欧 欧姆
mass^-1*length^-2*time^4*current^2 1 farad F 法拉
mass*length^2*time^-2*current^-2 1 henry H 亨利
mass*time^-2*current^-1 1 tesla T 特斯拉
mass*time^-2*current^-1 1/10000 gauss G
mass*length^2*time^-2*current^-1 1 weber Wb
amount 1 mole mol 摩尔
amount*length^-3 1000 molar M
luminosity 1 candela cd
luminosity 1 lumen lm
data 1 bit 比特
data 8 byte B 字节
data 8000 kilobyte
data 8000000 megabyte
data 8000000000 gigabyte
data 8000000000000 terabyte
data 8192 KiB
data 8388608 MiB
data 8589934592 GiB
data*time^-1 1000 kbps
data*time^-1 1000000 Mbps
data*time^-1 1000000000 Gbps
USD 1 dollar $ \\$ US_dollar USD US$ US\\$ $US buck 美元 美金
USD 1/100 cent ¢ \\cent penny 美分
CNY 1 yuan 元 RMB CNY ¥ 人民币 圆 块钱 元钱 块 元人民币 renminbi
CNY 1/10 jiao 角 毛 毛钱 角钱
CNY 1/100 fen 分 分钱
GBP 1 pound £ \\pounds GBP 英镑 pound_sterling quid
GBP 1/100 pence penny p 便士
EUR 1 euro € EUR \\euro 欧元
EUR 1/100 cent 欧分
JPY 1 yen ¥ JPY 日元
INR 1 rupee ₹ Rs INR 卢比
INR 1/100 paise paisa
KRW 1 won ₩ KRW 韩元
RUB 1 ruble rouble ₽ RUB 卢布
HKD 1 Hong_Kong_dollar HK$ HK\\$ HKD 港元 港币
SGD 1 Singapore_dollar S$ S\\$ SGD 新加坡元
AUD 1 Australian_dollar A$ A\\$ AUD 澳元
CAD 1 Canadian_dollar C$ C\\$ CAD 加元
CHF 1 franc CHF 法郎
MXN 1 peso 比索
celsius 1 degree_Celsius degree deg degree_C ° °C deg_C Celsius centigrade degree_centigrade C 摄氏度 度
fahrenheit 1 degree_Fahrenheit degree deg degree_F ° °F deg_F Fahrenheit F 华氏度 度
ppm 1 ppm
decibel 1 decibel dB 分贝
mass 14593902937206365/1000000000000000 slug
point 1 point 分 分数
count 1 times
unit 1 unit 单位 个单位
"""

_SYMBOLS = f"""
length 1 m f,p,n,u,μ,m,c,d,k
mass 1/1000 g p,n,u,μ,m,k
time 1 s p,n,u,μ,m
length^3 1/1000 L u,μ,m,c,d,k,h
length^3 1/1000 l u,μ,m,c,d
{_FORCE} 1 N u,μ,m,k,M
{_ENERGY} 1 J n,u,μ,m,k,K,M,G
{_ENERGY} 523/125 cal k
{_ENERGY} 801088317/5000000000000000000000000000 eV m,k,M,G,T
{_POWER} 1 VA k,M
time^-1 37000000000 Ci m,u,μ,n
{_POWER} 1 W n,u,μ,m,k,M,G
{_PRESSURE} 1 Pa h,k,M,G
{_PRESSURE} 100000 bar m,k
time^-1 1 Hz m,k,K,M,G,T
current 1 A n,u,μ,m,k
{_CHARGE} 1 C f,p,n,u,μ,m
{_VOLTAGE} 1 V n,u,μ,m,k,M
mass*length^2*time^-3*current^-2 1 Ω m,k,M
mass^-1*length^-2*time^4*current^2 1 F p,n,u,μ,m
mass*length^2*time^-2*current^-2 1 H u,μ,m
mass*time^-2*current^-1 1 T n,u,μ,m
amount 1 mol n,u,μ,m,k
data 8 B k,K,M,G,T,P
data 1 bit k,M,G,T
"""
_PREFIXES = dict(zip("fpnuμmcdhkKMGTP", (-15, -12, -9, -6, -6, -3, -2, -1, 2, 3, 3, 6, 9, 12, 15), strict=True)) | {"": 0}

_MEASURES = """
个 個 只 隻 本 人 支 枝 棵 颗 辆 台 件 条 张 块 根 位 名 箱 瓶 盒 袋 包 朵 盆 筐 班 页 题 道 次 遍 趟 倍 种 类 组 对 双
套 副 幅 枚 座 栋 幢 层 楼 级 间 所 家 户 口 头 匹 群 排 行 列 队 场 局 盘 轮 回 步 段 节 项 份 片 粒 滴 杯 碗 桶 罐 筒
篮 篓 把 顶 面 盏 株 丛 束 捆 堆 架 艘 首 篇 句 字 册 卷 封 部 号 站 票 环 届 批 股 圈 笔 样 门 处 扇 发 尾 缸 锅 勺 笼
车 摞 叠 沓 串 壶 集 代 期 人次 车次 位数
"""
MEASURE_WORDS = frozenset(_MEASURES.split())
"""Chinese words that count things; 打 is a dozen of them."""


def dimension(text: str) -> Dimension:
    """`mass*length^-1` as base quantities with exponents."""
    parts = (part.partition("^") for part in text.split("*"))
    return tuple(sorted((base, int(exponent or 1)) for base, _, exponent in parts))


def _readings() -> dict[str, list[Reading]]:
    names: dict[str, list[Reading]] = {}
    for line in _WORDS.strip().splitlines():
        kind, factor, first, *others = line.split()
        reading = (first.replace("_", " "), dimension(kind), Fraction(factor))
        for name in (first, *others):
            names.setdefault(name.replace("_", " "), []).append(reading)
    for line in _SYMBOLS.strip().splitlines():
        kind, factor, symbol, prefixes = line.split()
        base = dimension(kind)
        words = [reading for readings in names.values() for reading in readings]
        for prefix in ("", *prefixes.split(",")):
            value = Fraction(factor) * Fraction(10) ** _PREFIXES[prefix]
            spelled = next((name for name, kind, number in words if (kind, number) == (base, value)), prefix + symbol)
            if not any((kind, number) == (base, value) for _, kind, number in names.get(prefix + symbol, [])):
                names.setdefault(prefix + symbol, []).append((spelled, base, value))
    for word in MEASURE_WORDS:
        names.setdefault(word, []).append((word, (("count", 1),), Fraction(1)))
    names["打"] = [("打", (("count", 1),), Fraction(12))]
    return names


WORDS = frozenset(name.replace("_", " ") for line in _WORDS.split("\n") for name in line.split()[2:])
"""Names whose letter case does not count, if they are long; it counts in symbols with prefixes."""
NAMES: dict[str, list[Reading]] = _readings()
"""Every name as it is written, singular, with its readings."""
