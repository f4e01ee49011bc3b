"""What a sentence about 暂停接受抽取 wants. The same words begin a pause, end it, or let it go on: 暂停抽取, 取消暂停,
把暂停抽取关掉吧, 继续暂停. Where a sentence can be taken in two ways, none is chosen."""

from __future__ import annotations

import re
from enum import StrEnum

from domain.parsing import fold


class PauseDirection(StrEnum):
    PAUSE = "pause"
    RESUME = "resume"
    GO_ON = "go_on"


_LATER = re.compile(
    r"(?:直到|等|到时候?|(?:什么|啥)时候?|[何几]时|再|自己)[^,。;]{0,8}?恢复(?:了|后)?|恢复(?:时间|日期|期|前|再说|到时)"
    r"|(?:是否|要不要)(?:再)?继续暂停|还要不要继续暂停"
)
"""A later return, or the question that was put to the person."""
_RESUME = re.compile(
    r"(?:取消|解除|撤销|结束|关掉|去掉|停掉)[^,。;]{0,6}暂停"
    r"|暂停[^,。;]{0,8}?(?:取消|解除|撤销|结束|关掉|关了|关闭|去掉|打开|改回|恢复)"
    r"|(?<![没未不能])恢复(?:我|对我|正常|接受|参加|被)*(?:抽|接受|正常|评|过来|吧|一下|还是|$)|抽取[^,。;]{0,3}(?:恢复|打开)"
    r"|(?:重新)?打开抽|重新(?:接受|参加|抽)|改回正常|(?<!不)可以(?:正常|继续)?(?:被?抽|评标)|(?:^|(?<=[我又现已正在]))能(?:正常)?(?:评标|被?抽)了"
)
_NOT_YET = re.compile(r"还没(?:有)?好|还不(?:能|行|方便)|还在(?:治疗|住院|休养|外地|国外)")
_GO_ON = re.compile(r"(?:继续|接着)(?:保持)?(?:暂停|停)")
_PAUSE = re.compile(
    r"暂停|[站暂](?:时|不)|停(?:止|掉)?(?:对我的?|一停)?抽|抽取?[^,。;]{0,6}?(?:停|关)|关(?:掉|闭)抽|先停|停一"
    r"|长期|[别莫勿]再?抽|不(?:要|想|用)?再?被?抽|不接受"
)
_EITHER = re.compile(r"[停复][^,。;]{0,4}还是")
_UNDOES = re.compile(
    r"取消|撤[销掉]|删|去掉|解除|清空|清掉|不要了|改成|登记(?:过|到|错)|提前(?:到|[^,。;]{0,6}(?:回|结束))|回来了"
)
_ASKS = re.compile(r"吗|\?|(?:最长|[能可]停)[^,。;]{0,4}多久|区别|影响|审批|行不行|可不可以|能不能|还算|怎么样|后果")


def find_direction(text: str) -> PauseDirection | None:
    """None: it names none, or more than one."""
    words = _LATER.sub("", fold(text))
    resumes, goes_on = bool(_RESUME.search(words)), bool(_GO_ON.search(words))
    if offers_both(text) or (resumes and (goes_on or _NOT_YET.search(words))):
        return None
    if resumes:
        return PauseDirection.RESUME
    if goes_on:
        return PauseDirection.GO_ON
    if _UNDOES.search(words):
        return None
    return PauseDirection.PAUSE if _PAUSE.search(words) else None


def offers_both(text: str) -> bool:
    """Whether it puts pausing and resuming side by side: 暂停还是恢复."""
    return bool(_EITHER.search(_LATER.sub("", fold(text))))


def ends_times_off(text: str) -> bool:
    """Whether a sentence takes a time or a pause back, or lets it go on, and so names no new one."""
    words = _LATER.sub("", fold(text))
    return any(pattern.search(words) for pattern in (_UNDOES, _RESUME, _GO_ON))


def asks_about_pauses(text: str) -> bool:
    """Whether it asks what a pause means, rather than for one."""
    return bool(_ASKS.search(fold(text)))
