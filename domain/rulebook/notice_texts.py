"""Kinds of notice, their texts on every channel, and the permitted placeholders.

Placeholders are ``{name}``; ``KINDS`` lists those of each kind with a sample of maximum length, so that lengths are
checked on the text as received.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field as Bounds

from domain.clock import local, name_near_days, print_date, print_time
from domain.rulebook.types import Section, Text

Channel = Literal["voice", "wechat", "sms", "mini"]
"""``wechat`` is the official account: a chat message inside a window, else a template message."""

_SIGNATURE = len("【评标通】")
"""Prefix that the vendor adds to a short message."""
_ONE_PART, _PART = 70, 67
"""Characters of a short message, and of each part of a longer one, which is charged by the part."""
SMS_LIMIT = _ONE_PART - _SIGNATURE
SMS_TWO_PARTS = 2 * _PART - _SIGNATURE
"""For texts with an invitation's own link, which identifies the expert and is long, or with the number to save."""

FIELD_LIMITS = {"thing": 20, "phrase": 5, "name": 10, "character_string": 32, "number": 32, "phone_number": 17}
"""Characters a template field holds, by the type its key begins with (WeChat, data rules of template messages)."""

_TIME = re.compile(r"\d{4}年\d{1,2}月\d{1,2}日( \d{2}:\d{2})?|\d{2}:\d{2}")
_SHAPES = {
    "time": _TIME,
    "date": _TIME,
    "number": re.compile(r"\d+(\.\d+)?"),
    "character_string": re.compile(r"[!-~ ]+"),
}
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_FIELD_KEY = re.compile(r"([a-z_]+?)(\d{1,2})")

_GATHERING = {
    "gathering": "11月21日(周六) 09:30",
    "gathering_full": "2026年11月21日 09:30",
    "gathering_short": "11月21日09:30",
    "gathering_spoken": "11月21日星期六上午9点30分",
}
_PLACE = {"place": "广州市天河区天润路333号3楼"}
_REMARK = {"remark": "注意事项：请携带身份证原件。"}
_CONTACT = {"contact_phone": "020-12345678"}
_CERTIFICATE = {"title": "评标专家继续教育合格证书", "number": "GXZJPB2026J-0000017"}
_NUMBER = {"number": "CQSQ202611210001", "when": "11月21日(周六) 09:30", "day": "11月21日"}
"""A draw, for the people who run it: its number, and the panel's expected start."""
_LINK = {"link": "https://expert.example.cn/i/Ab3dEf-hIjKlMn_p"}
"""An invitation's own page."""
_ALWAYS = {
    "link": "https://expert.example.cn/n/1a2b37kqx",
    "hotline": "020-12345678",
    "save_number": "请保存来电号码057156210011",
}
"""Available to every kind: its page (short, as in an SMS), the pool's hotline, advice of ``save_number_text``."""
_COUNTS = {"agreed": "10", "needed": "12"}
_APPLICATION = {"number": "SQ202611210000001"}
_EXAM = {
    "exam": "2026年第二批征集统一考试",
    "when": "11月21日(周六) 09:30",
    "when_full": "2026年11月21日 09:30",
    "span": "11月21日(周六) 09:30至11月23日(周一) 18:00",
    "advice": "请提前检查手机和网络",
}
_COURSE = {
    "course": "2025年第一批继续教育培训",
    "opens": "11月21日(周六) 09:30",
    "until": "12月4日(周五) 18:30",
    "until_full": "2026年12月4日 18:30",
    "advice": "请先缴费，到账后开通学习",
}
_SCORE = {"score": "85.5", "total": "100", "line": "60"}
_REMUNERATION = {"day": "11月21日", "amount": "20000.00"}
_MONEY = {"title": "培训费", "amount": "350.00"}

_OWN: Mapping[str, Mapping[str, str]] = {
    "draw_call": {**_GATHERING, **_PLACE, **_REMARK, **_LINK, "answer_by": "09:30"},
    "draw_accepted": {**_GATHERING, **_PLACE, **_LINK, "code": "196017"},
    "draw_declined": _GATHERING,
    "draw_unclear": {**_GATHERING, "hotline": "020-12345678"},
    "draw_unconfirmed": {**_GATHERING, **_LINK, "answer_by": "11月21日09:30"},
    "draw_lapsed": _GATHERING,
    "gathering_changed": {**_GATHERING, **_PLACE, **_LINK, "old_gathering": "11月20日(周五) 14:30"},
    "gathering_stays": {**_GATHERING, **_PLACE, "old_gathering": "11月20日(周五) 14:30"},
    "recall_call": {**_GATHERING, **_PLACE, **_REMARK, **_LINK, "answer_by": "11月21日09:30"},
    "recall_stated": {
        **_GATHERING,
        **_LINK,
        "what": "不能参加",
        "effect": "11月21日09:30前未答复的按此记录",
        "hotline": "020-12345678",
    },
    "recall_hindered": {**_GATHERING, "reason": "该时段已有其他评标", "hotline": "020-12345678"},
    "recall_asked": {**_GATHERING, **_CONTACT},
    "draw_cancelled": {**_GATHERING, "hotline": "020-12345678"},
    "draw_released": {**_GATHERING, "hotline": "020-12345678"},
    "draw_release_text": {**_GATHERING, "hotline": "020-12345678"},
    "panel_stays": {**_GATHERING, "code": "196017", "hotline": "020-12345678"},
    "panel_waits": {
        **_GATHERING,
        **_CONTACT,
        **_LINK,
        "starts": "11月21日(周六) 09:30",
        "starts_full": "2026年11月21日 09:30",
    },
    "time_reminder": {
        **_GATHERING,
        **_LINK,
        "what": "集合改到11月21日09:30，评标推迟到11月21日11:30",
        "answer_by": "11月21日(周六) 09:30",
    },
    "leave_confirmed": _GATHERING,
    "recusal_declared": _GATHERING,
    "leave_asked": {**_GATHERING, **_LINK, "answer_by": "11月21日(周六) 09:00"},
    "absence_registered": {**_GATHERING, **_CONTACT},
    "late_recorded": {**_GATHERING, **_CONTACT, "at": "09:50"},
    "desk_registered": {**_GATHERING, **_CONTACT, "at": "09:30", "what": "已签到进场"},
    "recusal_asked": {**_GATHERING, **_CONTACT},
    "recusal_confirmed": {**_GATHERING, **_CONTACT},
    "recusal_refused": {**_GATHERING, **_CONTACT},
    "recusal_waiting": _NUMBER,
    "supervisor_discard": {**_NUMBER, "what": "现场回避，待确认"},
    "draw_terminated": {**_NUMBER, "reason": "评标时间或地点变更"},
    "evaluation_postponed": {
        **_NUMBER,
        "what": "评标推迟到11月21日09:30",
        "starts": "11月21日09:30",
        "old": "11月21日(周六) 09:30",
        "reason": "专家缺席，需要补抽",
    },
    "check_in_reminder": {**_GATHERING, **_PLACE, "code": "196017"},
    "urging": {**_GATHERING, **_PLACE, "contact_phone": "020-12345678"},
    "verification_code": {"code": "196017", "minutes": "10"},
    "account_joined": {"at": "2026年11月21日 09:30", "mobile": "189****1990"},
    "account_bound": {"at": "2026年11月21日 09:30", "mobile": "189****1990"},
    "mini_program_bound": {"at": "2026年11月21日 09:30", "mobile": "189****1990"},
    "commitment_wanted": {**_NUMBER, "answer_by": "09:30"},
    "reveal_wanted": {**_NUMBER, "answer_by": "09:30"},
    "verification_waiting": {**_NUMBER, "organisation": "广州示范招标代理有限公司"},
    "agency_verified": _NUMBER,
    "agency_refused": {**_NUMBER, "reason": "回避单位填写不完整"},
    "agency_agreed": {**_NUMBER, **_COUNTS},
    "agency_full": {**_NUMBER, **_COUNTS, "unseal_at": "11月21日(周六) 09:30"},
    "agency_short": {**_NUMBER, **_COUNTS},
    "agency_leave": {**_NUMBER, "missing": "10", "cause": "现场回避"},
    "agency_round": {**_NUMBER, "what": "请在09:30前打开抽取页公开随机数"},
    "agency_news": {**_NUMBER, "what": "集合改到11月21日09:30"},
    "draw_news": {**_NUMBER, "what": "集合改到11月21日09:30"},
    "supervisors_changed": {**_NUMBER, "what": "请您担任监督人"},
    "supervisor_removed": {**_NUMBER, "what": "您不再担任监督人"},
    "venue_news": {**_NUMBER, "what": "活动已结束，请提出专家酬劳"},
    "draw_ended": {**_NUMBER, "what": "活动已结束"},
    "platform_asked": {"platform": "某某交易平台", "organisation": "广州示范招标代理有限公司"},
    "agent_asked": {"organisation": "广州示范招标代理有限公司", "until": "2026年11月21日", "day": "11月21日"},
    "agency_kept": {**_NUMBER, "reason": "专家未在时限内答复"},
    "agency_late": {**_NUMBER, "missing": "10", "how": "解密前请由评标场地催促（某某交易中心，张工 020-12345678）"},
    "agency_unsealed": _NUMBER,
    "agency_checked_in": {**_NUMBER, "present": "10", "needed": "12"},
    "remuneration_proposed": {
        **_REMUNERATION,
        "answer_by": "11月24日(周二) 09:30",
        "reason": "按本地区酬劳标准计算。",
        "silence": "逾期视为确认",
    },
    "remuneration_paid": {**_REMUNERATION, "way": "银行转账", "hotline": "020-12345678"},
    "remuneration_unpaid": {**_REMUNERATION, "hotline": "020-12345678"},
    "role_changed": {"what": "不再担任专家库管理员", "hotline": "020-12345678"},
    "report_news": {"what": "收到一件举报", "number": "JB261127K7M2QX"},
    "report_readers": {"what": "增加一位可查看举报的监督人", "hotline": "020-12345678"},
    "contact_question": {"day": "11月21日"},
    "remuneration_disputed": {**_NUMBER, "code": "196017", "reason": "离场时间应为晚上八点"},
    "agency_pay_reminder": {**_NUMBER, "code": "196017", "amount": "20000.00", "what": "登记已支付，本人反映没有到账"},
    "agency_remuneration": {**_NUMBER, "count": "12", "amount": "120000.00"},
    "application_progress": {**_APPLICATION, "step": "公示中"},
    "campaign_changed": {
        **_APPLICATION,
        "campaign": "2026年第二批评标专家征集",
        "until": "12月2日(周三) 18:30",
        "advice": "已填写的内容会为您保留",
    },
    "application_extended": {
        **_APPLICATION,
        "what": "提交申请",
        "until": "12月2日(周三) 18:30",
        "advice": "请在此之前提交，过期将不能提交",
    },
    "application_reinstated": {
        **_APPLICATION,
        "reason": "经核实，职称证书真实有效",
        "advice": "请在12月2日(周三) 18:30前修改后重新提交",
    },
    "application_message": _APPLICATION,
    "application_sent_back": {**_APPLICATION, "step": "行业部门预审", "reason": "职称证书不清晰", "what": "监理›结构"},
    "application_refused": {**_APPLICATION, "reason": "从业年限不足"},
    "application_exam": _APPLICATION,
    "exam_called": _EXAM,
    "exam_changed": {**_EXAM, "reason": "场次改为11月21日(周六) 09:30至11:00"},
    "exam_decided": {**_EXAM, "reason": "登记结果为合格（现场笔试86分）"},
    "exam_reminder": _EXAM,
    "exam_place": _EXAM,
    "exam_cancelled": {**_EXAM, "reason": "题库维护"},
    "exam_passed": {**_EXAM, **_SCORE},
    "exam_failed": {**_EXAM, **_SCORE, "advice": "本次申请已结束，可在征集期内重新申报"},
    "exam_again": {
        **_EXAM,
        **_SCORE,
        "left": "1",
        "again": "11月21日(周六) 10:30",
        "again_full": "2026年11月21日 10:30",
    },
    "appeal_answered": {**_EXAM, "result": "维持原成绩", "reason": "已由两名人员核对，评分无误"},
    "evidence_answered": {**_EXAM, "result": "未采纳", "reason": "作答时间晚于考试结束时间"},
    "course_called": _COURSE,
    "course_opened": _COURSE,
    "course_reminder": {**_COURSE, "advice": "逾期未完成将暂停抽取"},
    "course_changed": {**_COURSE, "reason": "学习时间延长"},
    "course_cancelled": {**_COURSE, "reason": "课程安排调整"},
    "course_finished": {**_COURSE, "advice": "已恢复抽取"},
    "course_make_up": {**_COURSE, "advice": "请先缴费，再补学"},
    "course_unfinished": {**_COURSE, "advice": "已暂停抽取，完成培训后恢复"},
    "application_ended": {**_APPLICATION, "reason": "本人申请退费"},
    "application_entered": {"number": "ZJ0100001", "hotline": "020-12345678"},
    "term_ending": {"until": "2026年11月21日", "advice": "请在12月4日(周五) 18:30前办理续聘"},
    "term_extended": {"until": "2026年11月21日", "reason": "换届前统一延长聘期"},
    "pause_reminder": {
        "since": "2026年11月21日",
        "what": "每周三下午（12:00至24:00）",
        "reason": "生病",
        "again": "2026年12月21日",
    },
    "certificate_issued": _CERTIFICATE,
    "certificate_ending": {**_CERTIFICATE, "until": "2026年11月21日"},
    "certificate_revoked": {**_CERTIFICATE, "reason": "成绩作废"},
    "expert_left": {
        "reason": "本人申请退库",
        "advice": "有异议的，可在2027年1月20日前提出申诉",
        "hotline": "020-12345678",
    },
    "expert_restored": {"reason": "退库办理有误", "hotline": "020-12345678"},
    "sanction_imposed": {
        "what": "暂停您参加抽取",
        "period": "2026年11月21日(周六) 09:30起至2026年12月21日",
        "reason": "未按规定参加评标",
        "advice": "有异议的，可在2027年1月20日前提出申诉",
    },
    "sanction_ended": {"what": "暂停抽取", "reason": "处理到期"},
    "sanction_answered": {
        "what": "暂停抽取",
        "result": "申诉成立，处理已解除",
        "outcome": "申诉成立",
        "reason": "已核实，原处理的依据不足",
    },
    "fee_open": {**_MONEY, "number": "ZJ0100001", "until": "12月4日 18:30", "by": "请在12月4日 18:30前"},
    "fee_paid": {**_MONEY, "number": "ZJ0100001"},
    "fee_refunded": {**_MONEY, "reason": "重复缴费"},
    "fee_redirected": {**_MONEY, "to": "管理机构账户，将另行转给您"},
    "invoice_sent": {**_MONEY, "email": "w***@example.com"},
    "invoice_reversed": {**_MONEY, "number": "26440000000012345678"},
    "employer_answered": {"unit": "广州粤建工程咨询有限公司", "result": "已添加"},
    "mobile_changed": {"at": "2026年11月21日 09:30", "mobile": "189****1990", "hotline": "020-12345678"},
    "file_changed": {
        "at": "2026年11月21日 09:30",
        "what": "本人银行账号（6222****0123）",
        "hotline": "020-12345678",
    },
    "person_corrected": {"what": "登记新手机号，待验证启用", "hotline": "020-12345678"},
    "mobile_filed": {"day": "11月28日", "mobile": "189****1990", "hotline": "020-12345678"},
    "account_closed": {"at": "2026年11月21日 09:30", "hotline": "020-12345678"},
    "person_differs": {"hotline": "020-12345678"},
    "password_changed": {"at": "2026年11月21日 09:30", "hotline": "020-12345678"},
    "objection_answered": {**_APPLICATION, "result": "异议不成立"},
    "chat_reply": {"at": "2026年11月21日 09:30"},
    "office_notice": {"title": "关于做好二〇二六年度继续教育培训的通知", "at": "2026年11月21日 09:30"},
    "feedback_answered": {"at": "2026年11月21日 09:30", "number": "1001", "reason": "已转相关部门办理"},
    "feedback_handed": {"number": "1001", "what": "王管理请您答复一件投诉"},
    "review_waiting": {"step": "行业部门预审", "count": "10"},
    "review_stuck": {"step": "行业部门预审", "nobody": "10", "late": "10"},
    "review_handed": {**_APPLICATION, "what": "王初审请您办理赵明远的申请"},
    "review_absence": {"what": "您为王初审代办审核", "day": "11月21日至11月25日"},
    "review_moved": {**_APPLICATION, "what": "赵明远由广州市天河区变更到深圳市南山区"},
    "code_budget": {"at": "2026年11月21日 09:00", "count": "1600", "most": "2000"},
}
CALLS = ("draw_call", "recall_call")
"""Kinds that invite an expert and take the answer: by tap, link or key."""
OPENABLE = frozenset(
    {
        *CALLS,
        "recall_stated",
        "draw_accepted",
        "draw_declined",
        "draw_unclear",
        "draw_lapsed",
        "draw_unconfirmed",
        "gathering_changed",
        "gathering_stays",
        "draw_cancelled",
        "draw_released",
        "draw_release_text",
        "panel_stays",
        "panel_waits",
        "time_reminder",
        "leave_confirmed",
        "recusal_declared",
        "leave_asked",
        "absence_registered",
        "desk_registered",
        "late_recorded",
        "recusal_asked",
        "recusal_confirmed",
        "recusal_refused",
        "check_in_reminder",
        "urging",
    }
)
"""Kinds whose page is that of an invitation: it is known when the person opens it."""
KINDS: Mapping[str, Mapping[str, str]] = {kind: {**_ALWAYS, **own} for kind, own in _OWN.items()}
"""Every kind of notice: its placeholders, each with a sample value. Free text (place, reason) is cut to fit a field."""

TYPED = frozenset(
    {"campaign", "course", "email", "exam", "link", "organisation", "place", "reason", "remark", "title", "unit"}
)
"""Placeholders that hold what a person has typed, or an address: a date in them stays as it is."""
_CUT_TO_FIT = frozenset({"course", "exam", "place", "reason", "unit", "campaign", "what", "organisation"})
_SPOKEN = frozenset({"gathering_spoken", "place", "remark"})
"""Placeholders of calls: another person may pick up, so time, place and a remark that was checked like the place, never
project, parties, number or code."""
SPOKEN_PLACE_MAX = 100
"""Characters of address and room together: with time and remark they must fit the variables of a call, which the vendor
limits."""
_NO_REMARK = "请按时到场。"
"""Spoken in place of a remark: the vendor's templates have no empty variables."""
_SPOKEN_A_SECOND = 4
"""Characters of Chinese that a synthetic voice reads in a second."""
_PAUSE_SECONDS = 0.3
_PAUSES = "，。；：、！？"


class Field(Section):
    """A line of a template message: label printed by the template, and text with placeholders."""

    label: Text
    text: Text


class TemplateText(Section):
    """A template (official account) or subscribe (mini-program) message; field keys are WeChat's (``thing1``)."""

    title: Text
    fields: Annotated[Mapping[str, Field], Bounds(min_length=1)]


class VoiceText(Section):
    """Texts of a call: ``attend`` and ``decline`` after that key, ``bye`` at the end. These have no placeholders."""

    script: Text
    attend: Text | None = None
    decline: Text | None = None
    bye: Text | None = None


class KindTexts(Section):
    """One kind on each channel. ``chat`` is sent inside a WeChat window, ``wechat`` outside it; ``mini`` falls back on
    ``wechat``."""

    chat: Text | None = None
    wechat: TemplateText | None = None
    mini: TemplateText | None = None
    sms: Text | None = None
    voice: VoiceText | None = None

    @property
    def subscribe(self) -> TemplateText | None:
        return self.mini or self.wechat


@dataclass(frozen=True)
class _Line:
    """One text with its key; ``kind`` of place decides its limit."""

    key: str
    text: str
    form: str


def count_parts(sms: str) -> int:
    """Number of short messages that the vendor charges for a text, signature included."""
    length = _SIGNATURE + len(sms)
    return 1 if length <= _ONE_PART else -(-length // _PART)


def render_text(template: str, params: Mapping[str, str]) -> str:
    """Fill the placeholders. Raises KeyError for one that ``params`` lacks."""
    return _PLACEHOLDER.sub(lambda placeholder: params[placeholder[1]], template)


def name_days(params: Mapping[str, str], now: datetime) -> dict[str, str]:
    """The same values as they are sent at this moment: near days are said as 今天 or 明天, beside the date."""
    return {name: value if name in TYPED else name_near_days(value, now) for name, value in params.items()}


def render_fields(template: TemplateText, params: Mapping[str, str], now: datetime) -> dict[str, str]:
    """``{"thing1": "…"}``, each cut to the length of its field (the last character becomes …).

    Near days are named where their field has room for it.
    """
    named = name_days(params, now)
    fields: dict[str, str] = {}
    for key, line in template.fields.items():
        text = render_text(line.text, named)
        fields[key] = _cut(key, text if len(text) <= _field_limit(key) else render_text(line.text, params))
    return fields


def vendor_form(template: str) -> str:
    """The text as it is registered with the SMS and voice vendor: ``${name}`` instead of ``{name}``."""
    return _PLACEHOLDER.sub(r"${\1}", template)


def sms_templates(texts: Mapping[str, KindTexts]) -> dict[str, str]:
    """Templates to register with the SMS vendor, by kind of notice."""
    return {kind: vendor_form(text.sms) for kind, text in texts.items() if text.sms is not None}


def voice_templates(texts: Mapping[str, KindTexts]) -> dict[str, str]:
    """Templates to register with the voice vendor: ``draw_call``, ``draw_call.attend``, ``draw_call.decline``, …"""
    templates: dict[str, str] = {}
    for kind, text in texts.items():
        if text.voice is not None:
            templates[kind] = vendor_form(text.voice.script)
            for name in ("attend", "decline", "bye"):
                if (spoken := getattr(text.voice, name)) is not None:
                    templates[f"{kind}.{name}"] = spoken
    return templates


def save_number_text(number: str) -> str:
    """Advice on the number from which the pool calls; empty: it is not known before the telephone rings."""
    return f"请保存来电号码{number}" if number else "请留意接听电话"


def remark_params(remark: str) -> dict[str, str]:
    """A remark (注意事项) as a sentence of its own, as calls speak it; without one the experts are asked to be in
    time."""
    sentence = remark.strip().rstrip("。；，！. ")
    return {"remark": f"注意事项：{sentence}。" if sentence else _NO_REMARK}


def spoken_seconds(text: str) -> int:
    """About how long a synthetic voice reads a text."""
    pauses = sum(character in _PAUSES for character in text)
    return math.ceil((len(text) - pauses) / _SPOKEN_A_SECOND + pauses * _PAUSE_SECONDS)


def placeholders(template: str) -> frozenset[str]:
    return frozenset(_PLACEHOLDER.findall(template))


def time_params(gathering: datetime) -> dict[str, str]:
    """The spellings of a gathering time for reading, for WeChat's ``time`` fields, for SMS, for voice."""
    t = local(gathering)
    half = "上午" if t.hour < 12 else "下午"
    hour = t.hour if t.hour <= 12 else t.hour - 12
    minute = f"{t.minute}分" if t.minute else "整"
    weekday = "一二三四五六日"[t.weekday()]
    return {
        "gathering": print_time(gathering),
        "gathering_full": f"{print_date(gathering)} {t:%H:%M}",
        "gathering_short": f"{t.month}月{t.day}日{t:%H:%M}",
        "gathering_spoken": f"{t.month}月{t.day}日星期{weekday}{half}{hour}点{minute}",
    }


def check_kind(kind: str, texts: KindTexts) -> Iterator[tuple[str, str]]:
    """Problems of one kind's texts as (key below ``texts.<kind>``, reason)."""
    known = KINDS[kind]
    for line in _lines(texts):
        yield from _check_line(line, known)


def check_channel(kind: str, texts: KindTexts, channel: Channel) -> Iterator[tuple[str, str]]:
    """Texts that are missing for a ladder that uses this channel."""
    if channel == "wechat":
        texts_by_channel: dict[str, object] = {"wechat": texts.wechat, "chat": texts.chat}
    elif channel == "mini":
        texts_by_channel = {"mini": texts.subscribe}
    else:
        texts_by_channel = {channel: texts.sms if channel == "sms" else texts.voice}
    for name, value in texts_by_channel.items():
        if value is None:
            yield name, f"is missing, but the ladder of {kind} goes over {channel}"
    if channel == "voice" and kind in CALLS and texts.voice is not None:
        for name in ("attend", "decline", "bye"):
            if getattr(texts.voice, name) is None:
                yield f"voice.{name}", "is missing: a draw call tells what was pressed"


def _lines(texts: KindTexts) -> Iterator[_Line]:
    if texts.chat is not None:
        yield _Line("chat", texts.chat, "chat")
    if texts.sms is not None:
        yield _Line("sms", texts.sms, "sms")
    for name, template in (("wechat", texts.wechat), ("mini", texts.mini)):
        for key, line in template.fields.items() if template else ():
            yield _Line(f"{name}.fields.{key}", line.text, f"field:{key}")
    if texts.voice is not None:
        for name in ("script", "attend", "decline", "bye"):
            if (text := getattr(texts.voice, name)) is not None:
                yield _Line(f"voice.{name}", text, "voice" if name == "script" else "key")


def _check_line(line: _Line, known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    used = placeholders(line.text)
    if unknown := sorted(used - known.keys()):
        yield line.key, f"uses the unknown placeholder {{{unknown[0]}}}; known are {', '.join(sorted(known))}"
        return
    if "{" in _PLACEHOLDER.sub("", line.text) or "}" in _PLACEHOLDER.sub("", line.text):
        yield line.key, "has a brace that is no placeholder such as {place}"
        return
    if line.form == "voice" and (unspeakable := sorted(used - _SPOKEN)):
        yield line.key, f"tells {{{unspeakable[0]}}} on the phone; a call gives only time, place and remark"
    if line.form == "key" and used:
        yield line.key, "has a placeholder; what follows a key is spoken as it stands"
    yield from _check_length(line, known, used)


def _check_length(line: _Line, known: Mapping[str, str], used: frozenset[str]) -> Iterator[tuple[str, str]]:
    filled = render_text(line.text, known)
    two_parts = "save_number" in used or ("link" in used and known["link"] == _LINK["link"])
    limit = SMS_TWO_PARTS if two_parts else SMS_LIMIT
    if line.form == "sms" and len(filled) > limit:
        yield line.key, f"is {len(filled)} characters when filled; a short message holds {limit} beside its signature"
    if not line.form.startswith("field:"):
        return
    key = line.form.removeprefix("field:")
    key_parts = _FIELD_KEY.fullmatch(key)
    form = key_parts[1] if key_parts else ""
    if form not in FIELD_LIMITS and form not in _SHAPES:
        yield line.key, f"is no field key of WeChat such as thing1, time2 or character_string3: {key!r}"
    elif not used & _CUT_TO_FIT and len(filled) > FIELD_LIMITS.get(form, 64):
        yield line.key, f"is {len(filled)} characters when filled; a {form} field holds {FIELD_LIMITS[form]}"
    elif form in _SHAPES and not _SHAPES[form].fullmatch(filled):
        yield line.key, f"can't be shown in a {form} field: {filled!r}"


def _field_limit(key: str) -> int:
    """Characters that a template field of this key holds."""
    key_parts = _FIELD_KEY.fullmatch(key)
    return FIELD_LIMITS.get(key_parts[1], 64) if key_parts else 64


def _cut(key: str, value: str) -> str:
    limit = _field_limit(key)
    return value if len(value) <= limit else value[: limit - 1] + "…"
