"""Classifies a free text as an answer to an invitation: acceptance, refusal, or unsure.

An acceptance is never guessed: every piece of the text must be a word of agreement, or politeness. A refusal may
contain its reasons, but no question, hedge, agreement or negation of the refusal. Everything else is ``Unsure`` with
its cause, which decides the follow-up question. Even a clear answer is read back before it counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from domain.typed_text import half_width

LONGEST = 120
"""Characters; a longer text says more than an answer, so it is asked back unread."""


class Doubt(StrEnum):
    EMPTY = "empty"
    QUESTION = "question"
    """Asks a question: 几点开始, 晚点到行吗."""
    MIXED = "mixed"
    """Agrees and refuses at once, or negates a refusal: 不是不参加."""
    CONDITION = "condition"
    """Depends on something, or hedges: 晚点到可以参加, 应该去不了."""
    ACKNOWLEDGED = "acknowledged"
    """Confirms reading, not attendance: 收到, 好的."""
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Yes:
    pass


@dataclass(frozen=True)
class No:
    pass


@dataclass(frozen=True)
class Unsure:
    doubt: Doubt


Answer = Yes | No | Unsure

_COME = "(?:参加|出席|到场|到达|过来|过去|来|去|到)"
_AGREE = re.compile(
    rf"没(?:有|啥|什么)?问题|(?:能够?|会|愿意|同意|准时|按时|必|一定){_COME}|{_COME}|可以|同意|愿意|接受|确认|确定|能|行"
    r"|1(?!\d)|yes|sure|y(?![a-z])"
)
_POLITE = re.compile(
    r"好(?:的|滴|嘞|哒|呀|啊)?|嗯+|恩|(?:收到|知道|明白)了?|(?:谢谢|感谢)(?:您|你|老师|通知|邀请)?|[您你]好|老师|我|本人|回复|选择?|按时?|通知"
    r"|一定|肯定|当然|准时|到时|会|要(?!是)|是的?|对的?|那就?|非常|很|荣幸|乐意|乐于|[的啊呀哈哦噢喔]|ok|👌|👍|🙏|\[ok\]|\[强\]|\[抱拳\]"
    r"|[\s,.!~、;:()。…\"'“”\-]+"
)
_IF_I_CAN = re.compile(rf"能够?{_COME}的?,?我?(?:就|一定|肯定|当然|会|必|要)+{_COME}")
"""能来就来: every word agrees, but it is no promise."""
_APOLOGY = re.compile(r"不好意思|对不起|对不住|不用谢|不客气|不得已|[您你]好")
"""Removed first: some contain a 不 that refuses nothing."""

_BOTH = re.compile(r"^\D*(?:1\D+2|2\D+1)\D*$")
_TWICE = re.compile(r"(\D{2,}?)(?:[,、!]?\1)+")

_REFUSE = re.compile(
    rf"(?:不|无法|没法|没办法|没能|未能)(?:再|太)?(?:能够?|可以|想|打算|准备|考虑|会|愿意?|适合|方便|便){{0,2}}{_COME}"
    r"|(?:参加|出席|赶|去|来|到|走|回|抽|脱)不(?:了身|开身|成了?|了|到|上|及|开|出来?|回来|回去|回|来|成|去)"
    r"|(?:没|没有|抽不出)(?:空闲?|时间|档期)|不(?:能|可以|行|方便|便|同意|愿意|接受|在(?:本地|本市|家|市里|省内|国内|当地))"
    r"|在(?:外地|外面|国外|外省|外市)|(?:出差|出国|生病|住院|发烧|请假|开会|冲突|有事|有会|隔离)|拒绝|谢绝|婉拒|放弃|推辞"
    r"|^不(?:了|去了|来了)?$|^不了[,，]|无法|没法|没办法|^否$|^no$|^n$|^2(?=$|[,.、:;!])|(?:选择?|按|回复)2(?=$|[,.、:;!])"
)
_TURNED = re.compile(
    # Negated refusals.
    r"不.{0,2}不(?!了)|不是[^,。;]{0,4}(?:不|没)|没(?:有|说|说过|有说|法|办法)?不|无法不|非.{1,4}不可|才怪|拒绝不|推辞不"
    # The reason for a refusal is denied, or over.
    r"|(?:不|没|没有|无|未|取消|不用|不再|并未)(?:能|好|会|便|法|在|要)?(?:拒绝|谢绝|放弃|推辞|请假|出差|出国|外地|生病|住院|发烧|开会|冲突|有?事(?!先))"
    r"|好了|结束了|忙完|赶回|(?<!不)回来|已回|推掉|改签|退票|调整|销假"
)
_QUESTION = re.compile(
    r"\?|[吗么嘛呢]|(.{1,2})不\1|(?<!不)能不|可不可|行不|有没有|[可能是]否|几点|几时|几号|多久|多少|多远|什么|啥|哪|怎|谁|为何|何时|请问|想问|咨询|难道|问一?下"
)
_HEDGE = re.compile(
    r"晚点|晚一|晚些|晚到|迟|推后|延后|延期|早走|先走|先不|如果|要是|假如|万一|除非|的话|情况|可能|也许|或许|大概|应该|估计|恐怕|怕是|尽量|争取"
    r"|不确定|不一定|说不[定准好]|不知道|不清楚|再说|再看|再定|再回|(?<!不)考虑|稍后|待会|等下|等一下|等会|一会|看看|只能|只有|线上|远程|视频|半天|换|改|但"
    r"|不过|然而|可是|暂时|暂|吧|才能|才可以|之后|以后|以前|勉强|差不多|原则上|基本|左右|前提|需要|能否"
)
_AGREES_TOO = re.compile(
    r"参加|出席|可以|没(?:有|啥|什么)?问题|(?<!不)(?:同意|愿意|接受)|(?:能|会|要|想)(?:来|去|到|参加|赶)|[来去赶到]得[了及到上]"
    r"|(?<![不出旅自银进流举])行(?![程业李动政为])|(?<!\d)1(?!\d)|yes"
)


def understand(text: str) -> Answer:
    """Classify ``text``, regardless of width, case and blanks."""
    normalised = " ".join(half_width(text).casefold().split())
    normalised = re.sub(r"(?<!\d) | (?!\d)", "", normalised)
    if not normalised:
        return Unsure(Doubt.EMPTY)
    if len(normalised) > LONGEST:
        return Unsure(Doubt.UNKNOWN)
    if _IF_I_CAN.search(normalised):
        return Unsure(Doubt.CONDITION)
    if (agreeing := _count_agreeing(normalised)) is not None:
        return Yes() if agreeing else Unsure(Doubt.ACKNOWLEDGED)
    plain = _strip_politeness(normalised)
    if doubt := _doubt(plain):
        return Unsure(doubt)
    return No() if _REFUSE.search(plain) else Unsure(Doubt.UNKNOWN)


def _count_agreeing(normalised: str) -> int | None:
    """Number of agreeing words if all others are politeness; None if there is any other word."""
    position, agreeing = 0, 0
    while position < len(normalised):
        if word := _POLITE.match(normalised, position):
            position = word.end()
        elif word := _AGREE.match(normalised, position):
            position, agreeing = word.end(), agreeing + 1
        else:
            return None
    return agreeing


def _strip_politeness(normalised: str) -> str:
    """Without apologies and punctuation at the ends; a repeated refusal (不去不去) is reduced to one."""
    plain = _APOLOGY.sub("", normalised).strip(" ,.!~、;:()。…\"'“”-")
    twice = _TWICE.fullmatch(plain)
    return twice[1] if twice else plain


def _doubt(plain: str) -> Doubt | None:
    """Why the text can't be taken for a refusal; None if it can."""
    if _QUESTION.search(plain):
        return Doubt.QUESTION
    if _TURNED.search(plain):
        return Doubt.MIXED
    if _BOTH.search(plain) or (_REFUSE.search(plain) and _AGREES_TOO.search(_REFUSE.sub("|", plain))):
        return Doubt.MIXED
    return Doubt.CONDITION if _HEDGE.search(plain) else None
