"""A person's own data in words: labels, dates in Shanghai time, sums in yuan, names of codes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from domain.applications.lifecycles import LOG_LABELS, ApplicationState
from domain.catalogues import full_name
from domain.certificates.lifecycles import CertificateState
from domain.clock import print_date, print_full
from domain.courses.lifecycles import EnrolmentState
from domain.draws.lifecycles import InvitationState
from domain.exams.lifecycles import CandidateState, ExamAttemptState
from domain.experts.corrections import CorrectionKind, CorrectionState
from domain.experts.lifecycles import SanctionKind, SanctionState
from domain.experts.times_off import print_minute_of_day, print_weekdays
from domain.forms.display import show_value
from domain.lifecycle import Labelled
from domain.notifications.lifecycles import FeedbackState, FeedbackSubject
from domain.payments.lifecycles import FeeState
from domain.payments.money import yuan
from domain.remuneration.lifecycles import RemunerationState
from domain.reports.lifecycles import ReportOccasion, ReportState
from domain.rulebook.book import Rulebook
from services.catalogue_codes import CatalogueCodes, load_codes
from services.expert_file_views import FileWords
from services.notifications import notice_title

Data = Mapping[str, Any]


@dataclass(frozen=True)
class DataLine:
    label: str
    text: str


@dataclass(frozen=True)
class DataSection:
    """Data of one kind. Each entry is one of them: a log-in, an invitation, an application."""

    title: str
    entries: tuple[tuple[DataLine, ...], ...]


@dataclass(frozen=True)
class _Names:
    """What names codes."""

    book: Rulebook
    codes: CatalogueCodes


_Show = Callable[[Any, _Names], str]
Table = Mapping[str, tuple[str, _Show]]
"""Label, and how a value is shown, by key."""


async def readable_data(book: Rulebook, data: Data, file: FileWords | None) -> tuple[DataSection, ...]:
    """``data`` as exported; ``file`` of an expert. Kinds of which there is nothing are left out."""
    values = [application["values"] for application in data["applications"]]
    expert = data["expert"] or {}
    employers = [value["employer"] for value in values if isinstance(value.get("employer"), str)]
    names = _Names(book, await load_codes(book, values, _codes_of(expert), retired=employers))
    sections = [
        DataSection("账号", (_lines(data["account"], ACCOUNT, names),)),
        *(_file_sections(file) if file else ()),
        *(_expert_sections(expert, names) if expert else ()),
        *(DataSection(title, tuple(_lines(row, table, names) for row in data[key])) for key, title, table in LISTS),
    ]
    return tuple(section for section in sections if section.entries)


def _file_sections(file: FileWords) -> Iterator[DataSection]:
    for part in file.parts:
        shown = [(file.label(code), file.present(code, masked=False), file.changed_at(code)) for code in part.codes]
        lines = (
            DataLine(label, f"{text}\n{print_date(change.at)} {file.source(change)}" if change else text)
            for label, text, change in shown
            if text
        )
        if entry := tuple(lines):
            yield DataSection(f"专家档案 · {part.title}", (entry,))


def _expert_sections(expert: Data, names: _Names) -> Iterator[DataSection]:
    yield DataSection("抽取所用的资料", (_lines(expert, EXPERT, names),))
    jobs, away = expert["employments"], expert["unavailable"]
    yield DataSection("工作单位", tuple(_lines(row, EMPLOYMENT, names) for row in jobs))
    yield DataSection("不接受抽取的时间", tuple(_away(row, names) for row in away))
    yield DataSection("评标", tuple(tuple(_panel(expert, row, names)) for row in expert["invitations"]))


def _away(row: Data, names: _Names) -> tuple[DataLine, ...]:
    end = DataLine("结束", "没有设定，到本人恢复或取消为止") if row["ends_at"] is None else None
    return (*_lines(row, UNAVAILABLE, names), *((end,) if end else ()))


def _panel(expert: Data, invitation: Data, names: _Names) -> Iterator[DataLine]:
    """An invitation with what followed from it."""
    yield from _lines(invitation, INVITATION, names)
    for key, table in FOLLOWED.items():
        for row in expert[key]:
            if row["invitation_id"] == invitation["id"]:
                lines = _lines(row, table, names)
                yield from (_joined(lines),) if key == "attendance" else lines


def _joined(lines: Sequence[DataLine]) -> DataLine:
    """The first as label of the others: 进场, 2026年11月21日 09:30，扫码."""
    return DataLine(lines[0].text, "，".join(line.text for line in lines[1:]))


def _lines(row: Data, table: Table, names: _Names) -> tuple[DataLine, ...]:
    """The fields of ``table`` that hold something."""
    shown = ((label, show(row[key], names)) for key, (label, show) in table.items() if row.get(key) is not None)
    return tuple(DataLine(label, text) for label, text in shown if text)


def _codes_of(expert: Data) -> list[object]:
    return [expert.get(key) for key in ("permanent_region", "willing_regions", "specialties", "title_level")] + [
        expert.get(key) for key in ("qualifications", "department")
    ]


# ---- how a value is shown


def _text(value: Any, _names: _Names) -> str:
    return str(value)


def _time(value: str, _names: _Names) -> str:
    return print_full(datetime.fromisoformat(value))


def _day(value: str, _names: _Names) -> str:
    day = date.fromisoformat(value)
    return f"{day.year}年{day.month}月{day.day}日"


def _money(value: int, _names: _Names) -> str:
    return f"{yuan(value)}元"


def _marks(value: int, _names: _Names) -> str:
    """Tenths of a mark."""
    return f"{value / 10:g}分"


def _yes_no(value: bool, _names: _Names) -> str:
    return "是" if value else "否"


def _progress(value: int, _names: _Names) -> str:
    """Thousandths."""
    return f"{value / 10:g}%"


def _times(value: int, _names: _Names) -> str:
    return f"{value}次" if value else ""


def _minutes(value: int, _names: _Names) -> str:
    return f"{value}分钟"


def _labels(labels: type[Labelled] | Mapping[str, str]) -> _Show:
    """By a state's label; a code that is no longer one as it is."""

    def show(value: Any, _names: _Names) -> str:
        if isinstance(labels, Mapping):
            return labels.get(value, str(value))
        return labels(value).label if value in list(labels) else str(value)

    return show


def _code(kind: str) -> _Show:
    """One code of a catalogue, or several."""

    def show(value: str | Sequence[str], names: _Names) -> str:
        codes = [value] if isinstance(value, str) else value
        return "\n".join(full_name(kind, code, names.codes) for code in codes if code)

    return show


def _weekdays(value: Sequence[int], _names: _Names) -> str:
    return print_weekdays(value)


def _minute_of_day(value: int, _names: _Names) -> str:
    return print_minute_of_day(value)


def _membership(value: str, names: _Names) -> str:
    words = names.book.membership
    return words.temporary if value == "temporary" else words.formal


def _entry_type(value: Any, names: _Names) -> str:
    return names.book.campaigns.name_of(value)


def _notice(value: str, names: _Names) -> str:
    return notice_title(names.book, value)


def _pairs(value: Sequence[Sequence[str]], _names: _Names) -> str:
    return "\n".join(f"{label}：{text}" for label, text in value if text)


def _names_of_files(value: Sequence[str], _names: _Names) -> str:
    return "\n".join(value)


def _amounts(value: Sequence[Data], _names: _Names) -> str:
    return "\n".join(f"{line['words']}{yuan(line['amount'])}元" for line in value)


def _form_values(value: Data, names: _Names) -> str:
    fields = names.book.form.fields
    shown = (
        (fields[code].label, show_value(fields[code], typed, names.codes)) if code in fields else (code, str(typed))
        for code, typed in value.items()
    )
    return "\n".join(f"{label}：{text}" for label, text in shown if text)


def _review_log(value: Sequence[Data], names: _Names) -> str:
    lines = []
    for line in value:
        what = LOG_LABELS.get(line["event"], line["event"])
        further = (line["step_name"], _code("specialty")(line["specialty"], names), line["opinion"])
        parts = (_time(line["at"], names), what, line["who"], *further)
        lines.append("，".join(part for part in parts if part))
    return "\n".join(lines)


def _each(table: Table) -> _Show:
    """Rows within a row, one a line."""

    def show(value: Sequence[Data], names: _Names) -> str:
        rows = ("，".join(f"{line.label}{line.text}" for line in _lines(row, table, names)) for row in value)
        return "\n".join(rows)

    return show


# ---- labels

ACCOUNT: Table = {
    "name": ("姓名", _text),
    "id_number": ("身份证号", _text),
    "mobile": ("手机号", _text),
    "person_check": ("实名核验", _text),
    "person_checked_at": ("核验时间", _time),
    "registered_at": ("注册时间", _time),
    "created_at": ("账号建立时间", _time),
    "mobile_changed_at": ("更换手机号时间", _time),
    "password_set_at": ("设置密码时间", _time),
    "privacy_version": ("同意的隐私说明版本", _text),
    "privacy_accepted_at": ("同意隐私说明时间", _time),
}
EXPERT: Table = {
    "number": ("专家编号", _text),
    "name": ("姓名", _text),
    "id_number": ("身份证号", _text),
    "mobile": ("手机号", _text),
    "membership_status": ("专家类型", _membership),
    "permanent_region": ("常驻地", _code("region")),
    "willing_regions": ("意愿评标地", _code("region")),
    "specialties": ("评标专业", _code("specialty")),
    "title_level": ("职称", _code("title_level")),
    "qualifications": ("执业资格", _code("qualification")),
    "department": ("行业部门", _code("department")),
}
EMPLOYMENT: Table = {
    "unit_name": ("单位", _text),
    "credit_code": ("统一社会信用代码", _text),
    "since": ("开始", _time),
    "until": ("结束", _time),
}
UNAVAILABLE: Table = {
    "starts_at": ("开始", _time),
    "ends_at": ("结束", _time),
    "weekdays": ("只限每周", _weekdays),
    "from_minute": ("每天从", _minute_of_day),
    "to_minute": ("每天到", _minute_of_day),
    "reason": ("原因", _text),
    "cancelled_at": ("取消时间", _time),
}
INVITATION: Table = {
    "gathering_at": ("集合时间", _time),
    "state": ("状态", _labels(InvitationState)),
    "created_at": ("通知时间", _time),
    "answered_at": ("答复时间", _time),
    "answered_by": (
        "答复方式",
        _labels(
            {
                "chat": "公众号",
                "voice": "电话",
                "inbound": "本人来电",
                "h5": "网页",
                "mini": "小程序",
                "staff": "电话联系",
                "recusal": "申报回避",
                "system": "系统",
            }
        ),
    ),
}
FOLLOWED: Mapping[str, Table] = {
    "attendance": {
        "direction": ("进出场", _labels({"in": "进场", "out": "离场"})),
        "at": ("时间", _time),
        "method": ("登记方式", _labels({"qr": "扫码", "place": "定位", "desk": "签到台登记"})),
    },
    "presence_claims": {"at": ("自报到场", _time)},
    "late_arrivals": {
        "stated_at": ("说明晚到", _time),
        "minutes": ("比集合时间晚", _minutes),
        "reason": ("晚到的原因", _text),
        "told_by": ("工作人员按来电登记", _labels({"self": "本人来电", "other": "他人来电"})),
        "ending": ("这次说明", _labels({"replaced": "已重新说明", "withdrawn": "已说明能按时到"})),
    },
    "remunerations": {
        "amount": ("酬劳", _money),
        "state": ("酬劳状态", _labels(RemunerationState)),
        "lines": ("明细", _amounts),
        "reason": ("与标准不同的原因", _text),
        "dispute": ("异议", _text),
        "reply": ("答复", _text),
        "proposed_at": ("提出时间", _time),
        "paid_on": ("支付日期", _day),
        "paid_way": ("支付方式", _text),
    },
}
"""What follows from an invitation, by key of the expert's data."""
_ATTEMPT: Table = {
    "number": ("第几次", _times),
    "state": ("", _labels(ExamAttemptState)),
    "started_at": ("开始", _time),
    "submitted_at": ("交卷", _time),
    "released_at": ("出成绩", _time),
    "score": ("得分", _marks),
    "total": ("满分", _marks),
    "passed": ("合格", _yes_no),
    "void_reason": ("作废原因", _text),
    "digest": ("答卷校验值", _text),
}
_APPEAL: Table = {
    "created_at": ("申请", _time),
    "text": ("理由", _text),
    "state": ("", _labels({"open": "复核中", "upheld": "复核成立", "rejected": "维持原成绩"})),
    "answer": ("答复", _text),
}
LISTS: Sequence[tuple[str, str, Table]] = (
    (
        "applications",
        "申请",
        {
            "number": ("申请编号", _text),
            "entry_type": ("类型", _entry_type),
            "state": ("状态", _labels(ApplicationState)),
            "created_at": ("开始填写", _time),
            "values": ("填写内容", _form_values),
            "files": ("附件", _names_of_files),
            "log": ("办理过程", _review_log),
            "messages": ("管理机构的留言", _each({"at": ("", _time), "text": ("", _text)})),
            "office_notes": ("管理机构的内部备注（内容只供办理人员使用）", _each({"at": ("", _time)})),
        },
    ),
    (
        "fees",
        "缴费",
        {
            "expert_number": ("专家编号", _text),
            "amount": ("金额", _money),
            "state": ("状态", _labels(FeeState)),
            "opens_at": ("开始缴费", _time),
            "closes_at": ("缴费截止", _time),
            "paid_at": ("缴费时间", _time),
        },
    ),
    (
        "certificates",
        "证书",
        {
            "number": ("证书编号", _text),
            "title": ("名称", _text),
            "kind": ("类别", _labels({"exam": "考试", "course": "培训"})),
            "text": ("内容", _text),
            "facts": ("事项", _pairs),
            "issuer": ("颁发单位", _text),
            "issued_at": ("颁发时间", _time),
            "valid_until": ("有效期至", _time),
            "state": ("状态", _labels(CertificateState)),
            "ended_at": ("失效时间", _time),
            "reason": ("失效原因", _text),
        },
    ),
    (
        "courses",
        "培训",
        {
            "course": ("课程", _text),
            "state": ("状态", _labels(EnrolmentState)),
            "progress": ("进度", _progress),
            "exam_state": ("批阅状态", _labels({"pending": "待批阅", "passed": "合格", "failed": "不合格"})),
            "make_ups": ("补学", _times),
            "called_at": ("通知时间", _time),
            "opens_at": ("开始时间", _time),
            "closes_at": ("截止时间", _time),
            "finished_at": ("完成时间", _time),
            "marked_at": ("批阅时间", _time),
            "excluded_at": ("因未完成暂停抽取", _time),
        },
    ),
    (
        "exams",
        "考试",
        {
            "exam": ("考试", _text),
            "state": ("状态", _labels(CandidateState)),
            "called_at": ("通知时间", _time),
            "allowance_reason": ("特殊安排", _text),
            "attempts": ("作答", _each(_ATTEMPT)),
            "appeals": ("成绩复核", _each(_APPEAL)),
        },
    ),
    (
        "corrections",
        "管理机构办理的更正",
        {
            "kind": ("事项", _labels(CorrectionKind)),
            "state": ("状态", _labels(CorrectionState)),
            "reason": ("原因", _text),
            "begun_at": ("办理时间", _time),
            "ended_at": ("生效或结束", _time),
        },
    ),
    (
        "sanctions",
        "管理机构的处理",
        {
            "kind": ("处理", _labels(SanctionKind)),
            "state": ("状态", _labels(SanctionState)),
            "reason": ("原因", _text),
            "decided_at": ("生效", _time),
            "starts_at": ("开始", _time),
            "ends_at": ("到期", _time),
            "lifted_at": ("解除", _time),
            "lift_reason": ("解除原因", _text),
            "appealed_at": ("申诉时间", _time),
            "appeal": ("申诉理由", _text),
            "answered_at": ("答复时间", _time),
            "answer": ("答复", _text),
        },
    ),
    (
        "objections",
        "公示异议",
        {
            "text": ("内容", _text),
            "state": (
                "状态",
                _labels({"open": "核查中", "dismissed": "异议不成立", "upheld": "异议成立", "lapsed": "申请已放弃"}),
            ),
            "answer": ("答复", _text),
            "created_at": ("提出时间", _time),
            "decided_at": ("答复时间", _time),
        },
    ),
    (
        "feedback",
        "投诉与意见反馈",
        {
            "number": ("编号", _text),
            "subject": ("关于", _labels(FeedbackSubject)),
            "state": ("状态", _labels(FeedbackState)),
            "by": ("由谁写", _labels({"person": "本人", "office": "管理机构"})),
            "text": ("内容", _text),
            "at": ("时间", _time),
        },
    ),
    (
        "reports",
        "举报（在公众号里实名提交的）",
        {
            "number": ("编号", _text),
            "received_at": ("提交时间", _time),
            "state": ("状态", _labels(ReportState)),
            "occasion": ("发生了什么", _labels(ReportOccasion)),
            "text": ("内容", _text),
            "draw": ("活动编号", _text),
            "happened": ("时间和地点", _text),
            "closed_at": ("办结时间", _time),
            "outcome": ("结果", _text),
        },
    ),
    (
        "contact_answers",
        "评标后是否有人联系过",
        {"gathering_at": ("评标", _time), "answer": ("回答", _labels({"none": "没有", "some": "有"}))},
    ),
    (
        "employer_requests",
        "申请添加单位",
        {
            "name": ("单位", _text),
            "credit_code": ("统一社会信用代码", _text),
            "note": ("说明", _text),
            "state": ("状态", _labels({"open": "待处理", "added": "已添加", "refused": "未添加"})),
            "answer": ("答复", _text),
            "created_at": ("提出时间", _time),
        },
    ),
    (
        "organisations",
        "代理机构经办人身份",
        {
            "organisation__name": ("单位", _text),
            "valid_from": ("有效期自", _time),
            "valid_until": ("有效期至", _time),
            "revoked_at": ("撤回时间", _time),
            "declined_at": ("不接受的时间", _time),
        },
    ),
    (
        "wechat",
        "微信",
        {
            "app": ("绑定于", _labels({"oa": "公众号", "mini": "小程序"})),
            "openid": ("微信标识", _text),
            "unionid": ("微信统一标识", _text),
            "bound_at": ("绑定时间", _time),
        },
    ),
    ("log_ins", "登录", {"device": ("设备", _text), "created_at": ("时间", _time)}),
    ("notices", "通知", {"kind": ("通知", _notice), "created_at": ("时间", _time)}),
)
"""Lists of the export: key, title, and their fields."""
NOT_SHOWN: Mapping[str, str] = {
    "id": "joins an invitation with what followed",
    "invitation_id": "joins an invitation with what followed",
    "params": "words of a notice, which 消息 shows whole",
    "file": "changes of the file, of which the present values are shown",
}
"""Keys of the export without a line, each with the reason."""
