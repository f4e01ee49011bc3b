"""The time line in words: to the expert himself (您…), or about him to the office."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, cast

from domain.applications.lifecycles import ApplicationState
from domain.clock import print_date, print_span, print_until
from domain.draws.lifecycles import InvitationState
from domain.draws.places import name_venue
from domain.experts.corrections import CorrectionKind, CorrectionState
from domain.experts.file import SUSPENDED_BEFORE, FileStep, steps_of
from domain.experts.lifecycles import SanctionKind, SanctionState
from domain.experts.sanctions import period_words
from domain.experts.timeline import TimelineEntry, TimelineKind
from domain.payments.money import yuan
from domain.remuneration.lifecycles import RemunerationState
from domain.rulebook.form import EntryType
from models.applications import Application
from services.draws import BY_DECLARATION
from services.expert_file_views.fields import FileWords
from services.experts import times_of_facts

Facts = Mapping[str, Any]


class TimelineReader(Enum):
    """Who reads it."""

    OWNER = "owner"
    OFFICE = "office"


_STANDING = ("membership", SUSPENDED_BEFORE, "term_until", "left_reason")
"""Own fields of the file that say how the expert stands in the pool."""
_SAME_AS_STANDING = frozenset({*_STANDING, "number"})
_LONGEST = 60
"""Characters of a value that a line shows; a longer one is only said to be new."""
_CALLS: Mapping[str, tuple[str, str]] = {
    InvitationState.OPEN: ("请您答复评标邀请", "评标邀请待答复"),
    InvitationState.ACCEPTED: ("您同意参加评标", "同意参加评标"),
    InvitationState.DECLINED: ("您答复不参加评标", "答复不参加"),
    InvitationState.SILENT: ("评标邀请您没有在期限内答复", "评标邀请到期未答复"),
    InvitationState.LEFT: ("您请假，不参加评标", "请假"),
    InvitationState.ABSENT: ("您被登记为缺席", "登记为缺席"),
    InvitationState.RECUSED: ("您现场回避", "现场回避"),
    InvitationState.RELEASED: ("本场评标退选，您不用参加", "退选，不用参加"),
    InvitationState.CANCELLED: ("评标取消，您不用参加", "评标取消"),
}
"""Titles by state, to the expert and to the office."""
_CAME = ("您参加了评标", "参加评标")
_DECLARED = ("您申报回避，本场不再参加", "申报回避，本场不再参加")
_LEAVES: Mapping[str, tuple[str, str]] = {
    "late": ("您在请假时间过后请假，不参加评标", "请假（已过请假时间）"),
    "moved": ("您因改期请假，不参加评标", "因改期请假"),
}
"""By the source of the absence; others as any leave."""
_AWAY = ("您设置了不接受抽取的时间", "设置不接受抽取的时间")
_SANCTIONS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("sanction", "suspension"): ("管理机构暂停您参加抽取", "暂停抽取"),
    ("sanction", "warning"): ("管理机构对您警告", "警告"),
    ("sanction_end", "suspension"): ("您恢复参加抽取", "恢复抽取"),
    ("sanction_end", "removal"): ("管理机构撤销了您的退库", "撤销退库"),
    ("sanction_end", "warning"): ("对您的警告已结束", "警告结束"),
}
_CHANNELS: Mapping[str, str] = {
    "chat": "公众号答复",
    "voice": "电话答复",
    "inbound": "来电答复",
    "h5": "网页答复",
    "mini": "小程序答复",
    "staff": "电话联系后登记",
}
_AMOUNTS: Mapping[str, str] = {
    RemunerationState.PROPOSED: "待您确认",
    RemunerationState.DISPUTED: "待场地核对",
}
"""States of an amount in words for its expert; others as for everybody."""


@dataclass(frozen=True)
class TimelineWords:
    """``now`` decides which years are written."""

    file: FileWords
    reader: TimelineReader
    now: datetime

    # ---- the file, and applications

    def own_entries(self) -> list[TimelineEntry]:
        """Entries of the file's changes and of applications, oldest first."""
        entries = [entry for step in steps_of(self.file.record.changes) for entry in self._of_step(step)]
        entries += [self._of_application(application) for application in self.file.record.applications]
        return sorted(entries, key=lambda entry: entry.at)

    def _of_step(self, step: FileStep) -> list[TimelineEntry]:
        origin = (self._origin(step),)
        if step.first:
            return [TimelineEntry(step.change.at, TimelineKind.STANDING, "建立专家档案", origin)]
        entries = [
            TimelineEntry(step.change.at, TimelineKind.STANDING, title, origin)
            for title in (self._standing(code, step) for code in _STANDING if code in step.values)
            if title
        ]
        codes = [code for code in step.values if code not in _SAME_AS_STANDING]
        if codes:
            lines = tuple(self._change(code, *step.values[code]) for code in codes)
            entries.append(TimelineEntry(step.change.at, TimelineKind.FILE, "档案资料变更", (*lines, *origin)))
        return entries

    def _origin(self, step: FileStep) -> str:
        author = self.file.author(step.change) if self.reader is TimelineReader.OFFICE else ""
        return f"来自{self.file.source(step.change)}{f'，{author}办理' if author else ''}"

    def _standing(self, code: str, step: FileStep) -> str:
        value, you = step.values[code][1], "您" if self.reader is TimelineReader.OWNER else ""
        match code, value:
            case "membership", _:
                return f"{you}成为{self.file.show(code, value, masked=True)}"
            case "active", True:
                return f"{you}恢复抽取"
            case "active", _:
                return "" if step.values.get("left_reason", (None, None))[1] else f"{you}暂停抽取"
            case "term_until", str():
                return f"聘期{self.file.show(code, value, masked=True)}"
            case "term_until", _:
                return "聘期不再有截止日期"
            case "left_reason", str():
                return f"{you}退库：{value}"
            case "left_reason", _:
                return f"{you}重新入库"
        return ""

    def _change(self, code: str, before: object, after: object) -> str:
        label = self.file.label(code)
        if self.file.is_sensitive(code):
            return f"{label}：{'已清空' if after is None else '已变更'}"
        old, new = (self.file.show(code, value, masked=True) for value in (before, after))
        if after is None:
            return f"{label}：已清空{f'（原为{old}）' if _is_short(old) else ''}"
        if not _is_short(new):
            return f"{label}：已更新"
        return f"{label}：{f'{old} → ' if _is_short(old) else ''}{new}"

    def _of_application(self, application: Application) -> TimelineEntry:
        name = self.file.book.campaigns.name_of(cast(EntryType, application.entry_type))
        state = ApplicationState(application.state).label
        page = f"/office/applications/{application.id}"
        if self.reader is TimelineReader.OWNER:
            page = f"/h5/{application.pool}/apply/status?number={application.number}"
        at = application.ended_at or application.submitted_at or application.created_at
        title, lines = f"{name}申请：{state}", (f"申请编号{application.number}",)
        return TimelineEntry(at, TimelineKind.APPLICATION, title, lines, page=page)

    # ---- what other tables tell

    def entry(self, source: str, at: datetime, kind: TimelineKind, facts: Facts) -> TimelineEntry:
        """An entry from a row; ``source`` is one of ``timeline``'s statement."""
        match source:
            case "call":
                return self._call(at, kind, facts)
            case "amount" | "payment":
                return self._money(source, at, kind, facts)
            case "certificate" | "certificate_end":
                return self._certificate(source, at, kind, facts)
            case "course_call" | "course_finish" | "course_miss":
                return self._course(source, at, kind, facts)
            case "exam_call" | "exam_result":
                return self._exam(source, at, kind, facts)
            case "correction":
                return self._correction(at, kind, facts)
            case "away":
                return self._away(at, kind, facts)
            case "sanction" | "sanction_end" | "sanction_appeal" | "sanction_answer":
                return self._sanction(source, at, kind, facts)
        raise ValueError(f"no entry comes from {source}")

    def _call(self, at: datetime, kind: TimelineKind, facts: Facts) -> TimelineEntry:
        came, state = facts["entered_at"], facts["state"]
        title = self._say(_titles(facts))
        lines = [self._gathering(facts)]
        if facts["recall"]:
            lines.append("复评，通知原专家")
        if facts["answered_by"] in _CHANNELS and state in (InvitationState.ACCEPTED, InvitationState.DECLINED):
            lines.append(_CHANNELS[facts["answered_by"]])
        if facts["late_minutes"]:
            who = "工作人员按来电登记" if facts["late_by_telephone"] else f"{self._say(('您', '本人'))}说明"
            lines.append(f"{who}晚到{facts['late_minutes']}分钟")
        if came:
            gone = facts["left_at"]
            stay = print_span(_time(came), _time(gone), self.now) if gone else print_until(_time(came), self.now)
            lines.append(f"在场{stay}" if gone else f"{stay}进场")
        absence = facts["absence"]
        if absence and self._may_read_reason(absence):
            lines.append(f"原因：{absence['reason']}")
        if facts["number"]:
            lines.append(f"活动编号{facts['number']}")
        page = f"/draws/{facts['draw_id']}" if self.reader is TimelineReader.OFFICE else ""
        return TimelineEntry(at, kind, title, tuple(lines), page=page)

    def _gathering(self, facts: Facts) -> str:
        venue = name_venue(facts["venue"])
        return f"{print_until(_time(facts['gathering_at']), self.now)}集合{'，' if venue else ''}{venue}"

    def _may_read_reason(self, absence: Facts) -> bool:
        """The expert reads his own words only; what the service wrote of a declared recusal repeats the title."""
        if not absence["reason"] or absence["source"] == "declared":
            return False
        return self.reader is TimelineReader.OFFICE or absence["source"] in ("expert", "late", "moved")

    def _money(self, source: str, at: datetime, kind: TimelineKind, facts: Facts) -> TimelineEntry:
        panel = self._gathering(facts)
        amount = f"评标酬劳{yuan(facts['amount'])}元"
        if source == "payment":
            way = f"，{facts['paid_way']}" if facts["paid_way"] else ""
            return TimelineEntry(at, kind, f"{amount}已支付{way}", (panel,), day_only=True)
        state = RemunerationState(facts["state"])
        words = _AMOUNTS.get(state, state.label) if self.reader is TimelineReader.OWNER else state.label
        page = f"/h5/{self.file.book.pool.code}/remuneration" if self.reader is TimelineReader.OWNER else ""
        return TimelineEntry(at, kind, f"{amount}：{words}", (panel,), page=page)

    def _certificate(self, source: str, at: datetime, kind: TimelineKind, facts: Facts) -> TimelineEntry:
        title, lines = f"取得《{facts['title']}》", [f"证书编号{facts['number']}"]
        if source == "certificate_end":
            title = f"《{facts['title']}》{'已换发' if facts['state'] == 'replaced' else '已撤销'}"
            lines += [f"原因：{facts['reason']}"] if facts["reason"] else []
        elif facts["valid_until"]:
            lines.append(f"有效期至{print_date(_time(facts['valid_until']))}")
        if self.reader is TimelineReader.OFFICE:
            return TimelineEntry(at, kind, title, tuple(lines), page=f"/office/certificates/{facts['id']}")
        return TimelineEntry(at, kind, title, tuple(lines), page=f"/h5/{self.file.book.pool.code}/certificates")

    def _course(self, source: str, at: datetime, kind: TimelineKind, facts: Facts) -> TimelineEntry:
        name = facts["name"]
        titles = {
            "course_call": (f"请您参加培训《{name}》", f"通知参加培训《{name}》"),
            "course_finish": (f"您完成了培训《{name}》", f"完成培训《{name}》"),
            "course_miss": (f"没有按期完成培训《{name}》，暂停抽取您", f"没有按期完成培训《{name}》，暂停抽取"),
        }
        page = f"/h5/{self.file.book.pool.code}/courses/{facts['id']}" if self.reader is TimelineReader.OWNER else ""
        return TimelineEntry(at, kind, self._say(titles[source]), page=page)

    def _exam(self, source: str, at: datetime, kind: TimelineKind, facts: Facts) -> TimelineEntry:
        name = facts["name"]
        if source == "exam_call":
            return TimelineEntry(at, kind, self._say((f"请您参加考试《{name}》", f"通知参加考试《{name}》")))
        result = "合格" if facts["state"] == "passed" else "不合格"
        return TimelineEntry(at, kind, f"考试《{name}》{result}")

    def _correction(self, at: datetime, kind: TimelineKind, facts: Facts) -> TimelineEntry:
        label, state = CorrectionKind(facts["kind"]).label, CorrectionState(facts["state"])
        title = f"管理机构办理：{label}" + ("" if state is CorrectionState.DONE else f"（{state.label}）")
        if self.reader is TimelineReader.OWNER:
            return TimelineEntry(at, kind, title)
        author = f"，{facts['author']}办理" if facts["author"] else ""
        lines = (f"原因：{facts['reason']}{author}", *([facts["note"]] if facts["note"] else []))
        return TimelineEntry(at, kind, title, lines, page=f"/office/people/{self.file.record.expert.id}")

    def _away(self, at: datetime, kind: TimelineKind, facts: Facts) -> TimelineEntry:
        times = times_of_facts(facts)
        titles = ("您暂停接受抽取", "本人暂停接受抽取") if times.is_pause else _AWAY
        lines = [times.text(self.now, self._say(("您", "本人")))]
        if facts["reason"] and self.reader is TimelineReader.OWNER:
            lines.append(f"原因：{facts['reason']}")
        if facts["cancelled_at"]:
            lines.append(f"{print_until(_time(facts['cancelled_at']), self.now)}{'恢复' if times.is_pause else '取消'}")
        return TimelineEntry(at, kind, self._say(titles), tuple(lines))

    def _sanction(self, source: str, at: datetime, kind: TimelineKind, facts: Facts) -> TimelineEntry:
        """A suspension or a warning, or its end: by the office, or by the clock."""
        if source in ("sanction_appeal", "sanction_answer"):
            return self._appeal(source, at, kind, facts)
        title = self._say(_SANCTIONS[source, facts["kind"]])
        reason, author = facts["reason"], facts["imposer"]
        lines = [period_words(_time(facts["starts_at"]), _time(facts["ends_at"]) if facts["ends_at"] else None)]
        if source == "sanction_end":
            reason, author, lines = facts["lift_reason"], facts["lifter"], [] if facts["lifted_at"] else ["到期"]
        lines += [f"原因：{reason}"] if reason else []
        if author and self.reader is TimelineReader.OFFICE:
            lines.append(f"{author}办理")
        return TimelineEntry(at, kind, title, tuple(lines), page=self._sanctions())

    def _appeal(self, source: str, at: datetime, kind: TimelineKind, facts: Facts) -> TimelineEntry:
        name = SanctionKind(facts["kind"]).label
        if source == "sanction_appeal":
            return TimelineEntry(
                at, kind, self._say((f"您对{name}提出申诉", f"对{name}提出申诉")), page=self._sanctions()
            )
        result = "申诉成立" if facts["state"] == SanctionState.LIFTED else "维持原处理"
        lines = [f"答复：{facts['answer']}"]
        if facts["answerer"] and self.reader is TimelineReader.OFFICE:
            lines.append(f"{facts['answerer']}办理")
        return TimelineEntry(at, kind, f"对{name}的申诉：{result}", tuple(lines), page=self._sanctions())

    def _sanctions(self) -> str:
        return f"/h5/{self.file.book.pool.code}/sanctions" if self.reader is TimelineReader.OWNER else ""

    def _say(self, titles: tuple[str, str]) -> str:
        """To the expert the first, to the office the second."""
        return titles[0] if self.reader is TimelineReader.OWNER else titles[1]


def _titles(facts: Facts) -> tuple[str, str]:
    """Of a call, by its state; one that the expert answered by declaring a recusal is neither a refusal nor a leave."""
    if facts["answered_by"] == BY_DECLARATION:
        return _DECLARED
    if facts["entered_at"] and facts["state"] == InvitationState.ACCEPTED:
        return _CAME
    if facts["state"] == InvitationState.LEFT and facts["absence"]:
        return _LEAVES.get(facts["absence"]["source"], _CALLS[InvitationState.LEFT])
    return _CALLS[facts["state"]]


def _is_short(text: str) -> bool:
    return 0 < len(text) <= _LONGEST and "\n" not in text


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
