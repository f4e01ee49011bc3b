"""Removes from a sentence what may tell who wrote it: numbers, addresses, ids and names.

Rather too much than too little: a sentence that is kept is read by the office, for which the words around a name are
enough. What is removed leaves ``MASK`` behind.
"""

from __future__ import annotations

import re
import unicodedata

from domain.understanding.intents import plain

MASK = "***"
LONGEST = 60
"""Characters that are kept of a sentence."""
_READ = 400
"""Characters read of a message; the rest of a longer one is dropped."""
_UNSEEN = frozenset({"Cf", "Cs", "Co", "Cn", "Mn", "Me"})
"""Categories of Unicode: format characters, halves of characters, unassigned ones, and combining marks."""
_PASSWORD_WORDS = ("密码", "口令", "验证码", "password", "passwd", "pwd")
_HAN_MIN = 2
"""Fewer Chinese characters make no sentence: a number, a code, a name of Latin letters, a slip of the thumb."""
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
_DIGIT = r"[\d〇○零一二三四五六七八九十百千万亿两幺壹贰叁肆伍陆柒捌玖拾佰仟]"
_BETWEEN = r"[\s\-‐-―_~.·•,、，。/\\|+()（）]*"
_NUMBER = re.compile(rf"[A-Za-z]*{_DIGIT}(?:{_BETWEEN}{_DIGIT}){{3,}}[A-Za-z0-9]*")
"""Four digits or more, in figures or words, with blanks and hyphens between; letters beside them belong to a code."""
_CODE = re.compile(r"(?:[A-Za-z]*\d){4}[A-Za-z0-9]*")
_EMAIL = re.compile(r"[A-Za-z0-9._%+\-]+\s*@\s*[A-Za-z0-9.\-]+")
_ADDRESS = re.compile(
    r"[A-Za-z][A-Za-z0-9+.\-]*:/+[^\s\u3000-\u9fff]*|(?:[A-Za-z0-9\-]+\.)+[A-Za-z]{2,24}(?![A-Za-z])[^\s\u3000-\u9fff]*"
)
_ACCOUNT = re.compile(
    r"((?:微信|QQ|VX|WX|weixin|wechat|抖音|支付宝)(?:[账帐]号|号码|号|id)?\s*[:是为叫]?\s*)[A-Za-z][A-Za-z0-9_\-]{3,}",
    re.IGNORECASE,
)
_ID_CARD = re.compile(r"(身份证(?:号码|号)?\s*[:是为]?\s*)[A-Za-z0-9*]{2,}")
_COMPOUND_SURNAMES = (
    "欧阳|太史|端木|上官|司马|东方|独孤|南宫|万俟|闻人|夏侯|诸葛|尉迟|公羊|赫连|澹台|皇甫|宗政|濮阳|公冶|太叔|申屠|公孙|慕容|仲孙|"
    "钟离|长孙|宇文|司徒|鲜于|司空|闾丘|令狐|百里|呼延|东郭|南门|西门"
)
_COMMON_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑梁宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕丁沈姚卢姜崔钟谭陆汪范金石廖贾夏韦傅"
    "邹孟熊秦邱江尹薛闫段雷侯龙陶黎贺顾毛郝龚邵钱严覃武戴莫孔汤温康施牛樊葛邢齐易乔伍庞颜倪庄聂章鲁岳翟殷詹欧耿关兰焦俞柳甘祝"
    "宁尚舒阮柯纪梅童凌毕季裴霍涂谷盛翁冉骆蓝辛靳管柴蒙鲍喻祁蒲屈饶牟艾尤穆司卓古缪简芦麦褚窦戚岑党费冷晏席柏瞿桂佟臧苟邬卞"
)
"""Characters that hardly stand for anything but a surname."""
_FURTHER_SURNAMES = (
    "谢于任方付史白万向常文安庞申左包符成苗单曲游欧华房滕解阳时农吉车项连娄景宫卜卫米宗全应闵边姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲"
    "虞敖巩明佘池查麻苑迟邝封官谈匡鞠惠荆乐冀郁胥南班储原栗燕楚鄢劳谌奚皮粟冼蔺楼盘满闻厉伊仝郜阚花权强帅屠豆朴盖练廉禹井漆巴丰支"
    "卿国狄平计索宣晋初门云容敬来扈晁芮都普浦戈伏鹿薄邸雍辜羊阿母裘修邰赫杭况宿印逯隆茹诺战慕危玉银嵇公哈湛勾利居干冶斯束檀衣信展阴"
    "智幸奉植衡尧闭由"
)
_GIVEN = r"[\u3400-\u9fff\U00020000-\U0003ffff]"
_NO_GIVEN = r"[怎的是在请你我他她您不没什么吗呢要也就都了被有为已还该能会]"
"""Second characters of no given name: the sentence goes on."""


def _names(surnames: str) -> str:
    surname = rf"(?:{_COMPOUND_SURNAMES}|[{surnames}])"
    return rf"{surname}{_GIVEN}(?!{_NO_GIVEN}){_GIVEN}|{surname}{_GIVEN}"


_NAME, _COMMON_NAME = _names(_COMMON_SURNAMES + _FURTHER_SURNAMES), _names(_COMMON_SURNAMES)
_NO_NAME = (
    "项目|管理|申请|单位|高级|国企|国家|国有|应届|公司|公务|全职|全国|全省|明天|房东|成功|明明|计划|干|平时|单独|师傅|农民|安全|方便|官方|"
    rf"信息|商务|华侨|应该|[向时和都由来常于]|{_GIVEN}{{1,4}}[市省区县州族]"
)
"""After 我是 these begin no name, though some begin like a surname."""
_PART = rf"(?:(?!{_NO_GIVEN}){_GIVEN}){{1,6}}"
_DOTTED_NAME = re.compile(rf"{_PART}(?:[·•・‧]{_PART})+")
_NAME_AFTER_CALLED = re.compile(
    r"((?:我叫|(?<!点)名叫|我的名字[是叫]|(?:姓名|名字|户名)\s*:)\s*)(?![个辆什车我你他她了不人谁啥]|怎么)"
    rf"(?:{_COMMON_NAME}|{_GIVEN}(?:(?!{_NO_GIVEN}){_GIVEN}){{1,4}})"
)
_NAME_AFTER_BEING = re.compile(rf"((?:我是|这里是|这边是)\s*)(?!{_NO_NAME})(?:{_NAME})")
_NAME_AFTER_NOUN = re.compile(
    r"((?:姓名|名字|户名)[是为叫\s]*|本人[是叫:,\s]*|身份证(?:号码|号)?[\s:,*]*)"
    rf"(?!曾[任在经用])(?:{_COMMON_NAME})"
)
_SURNAME_ALONE = re.compile(rf"((?:我|本人)姓)(?:{_COMPOUND_SURNAMES}|[{_COMMON_SURNAMES}{_FURTHER_SURNAMES}])")
_NO_MIDDLE = "位个谢多烦有的是目名些请问让给找叫到室处部科等们了在和与都这那级理间天便里上下"
_NAME_BEFORE_TITLE = re.compile(
    rf"(?<![任谢感])(?!祝)(?:{_COMPOUND_SURNAMES}|[{_COMMON_SURNAMES}谢于方任万常])(?:(?![{_NO_MIDDLE}]){_GIVEN}){{0,2}}"
    r"(?=先生|女士|小姐|老师|主任|处长|科长|局长|经理|教授|律师|师傅|总工)"
)
_TITLE_LENGTH = 2
_ENGINEER = re.compile(rf"(?<=[找系问叫向给与同和跟])[{_COMMON_SURNAMES}{_FURTHER_SURNAMES}]工(?![地作程业序具商])")
_NAMES = (_NAME_AFTER_CALLED, _NAME_AFTER_BEING, _NAME_AFTER_NOUN, _SURNAME_ALONE)
"""Each keeps its first group, the words before the name."""


def scrub(sentence: str) -> str:
    """What is kept of a sentence: without what may be personal, at most LONGEST characters; empty for one that must not
    be kept at all: a mere number or code, or anything about a password."""
    if any(word in _fold(sentence).casefold() for word in _PASSWORD_WORDS):
        return ""
    text = mask_personal(sentence)[:LONGEST].strip()
    return text if len(_HAN.findall(text)) >= _HAN_MIN else ""


def mask_personal(sentence: str) -> str:
    """The sentence, of half-width characters, with MASK in place of all that may be personal."""
    text = _ADDRESS.sub(MASK, _EMAIL.sub(MASK, _fold(sentence)))
    for account in (_ID_CARD, _ACCOUNT):
        text = account.sub(rf"\g<1>{MASK}", text)
    text = _DOTTED_NAME.sub(MASK, _CODE.sub(MASK, _NUMBER.sub(MASK, text)))
    for name in _NAMES:
        text = name.sub(rf"\g<1>{MASK}", text)
    return _NAME_BEFORE_TITLE.sub(MASK, text)


def find_titled_name(text: str) -> str:
    """The first name with its title, such as 李主任, or 张工 after a word such as 找; empty: none."""
    folded = _fold(text)
    if named := _NAME_BEFORE_TITLE.search(folded):
        return folded[named.start() : named.end() + _TITLE_LENGTH]
    engineer = _ENGINEER.search(folded)
    return engineer.group() if engineer else ""


def is_clean(sentence: str) -> bool:
    """Whether scrubbing takes nothing away."""
    return plain(scrub(sentence)) == plain(sentence)


def _fold(sentence: str) -> str:
    """Half-width, on one line, without invisible characters and marks on others, which could part a number."""
    folded = unicodedata.normalize("NFKC", sentence[:_READ])[:_READ]
    visible = "".join(letter for letter in folded if unicodedata.category(letter) not in _UNSEEN)
    return " ".join("".join(" " if unicodedata.category(letter) == "Cc" else letter for letter in visible).split())
