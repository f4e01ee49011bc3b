"""Re-compute a published draw record. Needs nothing but Python 3.11 and this file:

    python verify_draw.py record.json [--receipt HEX ...] [--original EARLIER.json ...]

It walks the log entry by entry, re-computes every hash, and names the first entry that doesn't fit. It proves that the
order was fixed before anybody could know it, that it was followed without a gap, and that none was called beyond the
missing places, and it tells how many seeds the draw had and why. It can't prove that a candidate list is complete or
that a coded reason for a skip is true: that is audited where the experts' data are. Lists are published when the draw
has ended; of a record without them all is checked but the order itself, and a warning says so. ``--receipt`` is what a
device kept (the hash of an entry, such as that of its own commitment): without receipts a log whose end was cut off or
rewritten looks the same as a whole one.

The first entry tells which activities were on the same lots before, with every seed that these had: once an order was
known, only a redraw of that activity, or a recall of its panel, may follow. A recall of the original experts draws no
one: its record names its panel by their leaves in the original's record, and what each agreed to. ``--original`` gives
the records of those earlier activities, each is compared with what the first entry says of it; then it is also checked
that the recalled are exactly those who took part at the original's end.

Exit code: 0 nothing found, 1 the record is wrong, 2 it can't be read, 3 only warnings.
The algorithms are written here a second time on purpose, in one file that a person can download and read.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

TAG = b"pbt-draw-v1"
FORMAT = "pbt-draw-record-v1"
ROLES = ("agency", "supervisor")
TIERS = ("main", "alternative")
SKIP_REASONS = (
    "leave",
    "overlap",
    "called_before",
    "inactive",
    "unreachable",
    "left_pool",
    "recused_late",
    "term_over",
    "over_age",
)
SOURCES = ("register", "none")
CONDITION_TEXTS = frozenset(
    ("mode", "specialty", "gathering", "alternative", "title_level", "qualification", "department")
)
CONDITION_FACTS = CONDITION_TEXTS | {"no", "planned", "regions", "notice"}
LIMITS = frozenset(("lead", "start_within", "aborts", "widenings", "lot_orders"))
KINDS = ("normal", "redraw", "recall")
EARLIER_FACTS = frozenset(("number", "head", "lots", "seeds", "withheld", "given_up", "panel"))
PANEL_ENDS = ("met", "not_met", "released", "terminated")
ANSWERS = {"comes": "accepted", "declines": "declined", "silent": "silent", "hindered": "hindered"}
ANSWER_SOURCES = {"comes": ("expert",), "declines": ("expert", "call"), "silent": ("system",), "hindered": ("system",)}
"""Whose word an answer of a recalled expert is. What a party says about another person counts for nothing by itself."""
STATED = ("", "comes", "declines")
LOST = ("absent", "cancelled", "declined", "hindered", "left", "recalled", "recused", "released", "silent")
"""What may have become of an expert of a recalled panel who is not recalled once more."""
ACTS: Mapping[str, frozenset[str]] = {
    "history": frozenset(("kind", "original", "lots", "earlier", "elsewhere")),
    "recalled": frozenset(("panel", "lead", "lost")),
    "confirmed": frozenset(("condition", "leaf", "answer", "gathering", "source", "stated")),
    "round_opened": frozenset(("round", "reason", "cause", "limits", "roles", "conditions", "supervisors")),
    "system_committed": frozenset(("round", "commitment")),
    "recusals_committed": frozenset(("round", "root")),
    "lists_frozen": frozenset(("round", "lists")),
    "participant_committed": frozenset(("round", "role", "commitment")),
    "participant_revealed": frozenset(("round", "role", "value")),
    "seed_fixed": frozenset(("round", "secret", "seed")),
    "round_aborted": frozenset(("round", "reason", "missing")),
    "gathering_moved": frozenset(("notice", "old", "new")),
    "need": frozenset(("condition", "needed")),
    "called": frozenset(("condition", "tier", "leaf")),
    "skipped": frozenset(("condition", "tier", "leaf", "reason", "fact")),
    "outcome": frozenset(("condition", "leaf", "outcome", "by", "confirmed_by")),
    "exhausted": frozenset(("condition", "tier")),
    "paused": frozenset(("reason",)),
    "resumed": frozenset(),
    "force_ended": frozenset(("reason",)),
    "completed": frozenset(),
    "short": frozenset(("reason",)),
    "terminated": frozenset(("by", "reason")),
    "ended": frozenset(("panel",)),
}
PARTIES = ("expert", "agency", "venue", "verifier", "supervisor", "system")
TERMINATION_REASONS = ("project_stopped", "replanned", "no_experts", "mistaken", "other")
OWN_ACTS = {"accepted": ("expert",), "declined": ("expert",), "undone": ("expert",), "silent": ("system",)}
CONFIRMERS = {"left": ("expert",), "recused": ("verifier", "supervisor")}
"""Whose confirmation an outcome needs when not the expert caused it."""
OUTCOMES = {
    "recalled": ("cancelled",),
    "open": ("accepted", "declined", "silent", "cancelled"),
    "accepted": ("undone", "left", "absent", "recused", "released", "cancelled"),
}
UNDONE_IN = ("calling", "paused", "ending")
"""Phases in which an acceptance may be taken back; once the places are reported full it is a leave."""
WITHHELD_MAX = 2
"""Rounds given up after a reveal. Each may be an order that a party didn't like; after so many none may be opened."""
CLOCK_SLACK = timedelta(seconds=60)
"""Machines' clocks differ; the order of entries follows from their chain, not from their times."""
_MINUTE = timedelta(minutes=1)
_LONG = 10**7
"""No limit is larger; in seconds about four months."""
_HEX = re.compile("[0-9a-f]*")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
_WHOLE = re.compile("0|-?[1-9][0-9]{0,14}")
"""Numbers that every reader reads alike: JavaScript can't tell 1.0 from 1, nor integers beyond 2**53 apart."""
_PARTS = frozenset(("format", "pool", "draw", "head", "lists", "log"))
_CHAINED = frozenset(("seq", "at", "act", "prev", "hash"))
_HALVES = re.compile("[\ud800-\udfff]")
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)

TEXTS: Mapping[str, tuple[str, str]] = {
    "format": ("This is no record of the format {format}.", "不是 {format} 格式的记录。"),
    "parts": ("It has parts that no hash covers, or lacks some.", "记录首部有多余或缺失的内容。"),
    "shape": ("{what} is missing or of the wrong kind.", "{what} 缺失或类型不对。"),
    "head": ("The head is not the hash of the last entry.", "记录首部与末条的哈希不符。"),
    "receipt": (
        "Receipt {receipt} is not in the log: its end was cut off, or the log was rewritten.",
        "回执 {receipt} 不在记录中：记录被截短或改写。",
    ),
    "list_order": ("List {key} is not sorted, or repeats a leaf.", "名单 {key} 未排序或有重复。"),
    "list_extra": ("List {key} was never frozen.", "名单 {key} 从未冻结。"),
    "list_missing": ("List {key} is not published.", "名单 {key} 未公布。"),
    "list_changed": ("List {key} is not the one that was frozen.", "名单 {key} 与冻结时不符。"),
    "order_unchecked": (
        "The draw has not ended: its lists are not published yet, the order itself can be checked only then.",
        "抽取尚未结束，名单还没有公布；须待活动结束后，才能核对顺序本身。",
    ),
    "list_set": ("The frozen lists are not those of the round's conditions.", "冻结的名单与本轮条件不对应。"),
    "chain_gap": ("It doesn't follow the entry before it.", "与上一条不相连，有缺漏或换位。"),
    "chain_hash": ("Its hash is wrong: it was changed.", "哈希不符，该条被改动过。"),
    "act": ("Unknown act {act}, or not exactly its facts.", "未知的动作 {act}，或内容不全、有多余项。"),
    "time": ("Its time is not RFC 3339 in UTC.", "时间不是 UTC 的标准写法。"),
    "clock": ("Its time lies before that of an earlier entry.", "时间早于前面的记录。"),
    "after_end": ("The draw had ended.", "抽取已结束，其后不应再有记录。"),
    "phase": ("It can't come while the draw is in phase {phase}.", "当前阶段（{phase}）不能有此动作。"),
    "history_first": (
        "The first entry, and no other, states what was on its lots before.",
        "首条应写明标段此前的抽取活动，其他各条不得再写。",
    ),
    "history": (
        "What it says of the earlier activity {number} contradicts itself.",
        "首条所写的此前活动（{number}）内容不全或前后矛盾。",
    ),
    "follows": (
        "An order was known on one of the lots: this must be a redraw of {numbers}, or a recall of its panel.",
        "标段已经确定过抽取顺序，本活动只能是{numbers}的重新抽取，或者通知其原专家。",
    ),
    "follows_nothing": (
        "A redraw or a recall names the activity that it follows, and no other draw does.",
        "重新抽取、通知原专家应写明原活动，首次抽取不应有原活动。",
    ),
    "follows_unmet": (
        "The panel of {original} did not meet, so that it can't be recalled.",
        "原活动{original}的专家组没有组成，不能通知原专家。",
    ),
    "order_unused": (
        "An order was known and no panel met: {numbers}.",
        "此前有活动确定了抽取顺序而没有组成专家组：{numbers}。",
    ),
    "lot_orders": (
        "Orders were known {count} times on a lot within the day before, {limit} are allowed.",
        "此前24小时内，标段已有{count}次确定或得知抽取顺序，规定至多{limit}次。",
    ),
    "recall": ("A recall of the original experts draws nobody.", "通知原专家的活动不抽取专家，不应有此动作。"),
    "recalled": ("The panel of a recall is stated once, each leaf once.", "原专家名单应写明一次，且不得重复。"),
    "confirmed": (
        "It must be one of the panel, once, who comes at a time or declines.",
        "应为名单中的原专家，每人一次，参评的须有集合时间。",
    ),
    "answer_source": (
        "{answer} by {source}: only the expert's own act counts, for a refusal also an answered call of the platform.",
        "{answer} 由 {source} 得来：只有专家本人的答复才算数，不参评的也可以是平台接通的电话。",
    ),
    "agreed_late": (
        "Agreed less than {lead} minutes before the gathering.",
        "专家同意时，距集合不足{lead}分钟。",
    ),
    "stated": (
        "The agency said that this expert {stated}; what counts is {answer}.",
        "代理机构陈述该专家 {stated}，实际为 {answer}，以实际为准。",
    ),
    "not_all_confirmed": ("Somebody of the panel was forgotten.", "有原专家未确认。"),
    "original": ("{number} is none of the earlier activities.", "{number} 不是首条所写的此前活动。"),
    "original_wrong": ("The record of {number} is wrong itself.", "此前活动{number}的记录本身有误。"),
    "original_changed": (
        "The record of {number} is not what the first entry says of it: seeds, rounds given up, end, or head.",
        "此前活动{number}的记录与首条所写不符（种子、中止的轮次、结局或首部）。",
    ),
    "original_history": (
        "The record of {number} names other activities before it than the first entry does.",
        "此前活动{number}的记录所写的更早的活动，与首条所写不符。",
    ),
    "original_missing": (
        "It was not compared with the records of {numbers}: give them with --original.",
        "没有与此前活动{numbers}的记录比对，请用 --original 一并提供。",
    ),
    "original_lost": (
        "How many of the panel that was drawn earlier recalls lost, and by what, is not what {number} tells.",
        "首次专家组中不再通知的人数和原因，与原活动{number}的记录不符。",
    ),
    "original_panel": (
        "The recalled are not those who took part at the end of the original.",
        "通知的专家不是原活动结束时参评的专家。",
    ),
    "round_open": ("The round before it is still open.", "本轮承诺尚未结束。"),
    "round_closed": ("Round {number} is not open.", "第{number}轮未开启或已结束。"),
    "round_gap": ("Round {expected} was expected, not {number}.", "应为第{expected}轮，而不是第{number}轮。"),
    "round_reason": ("Its reason should be {expected}.", "本轮原因应为 {expected}。"),
    "round_cause": (
        "Its cause should be {expected}: a further seed is only for orders that are at their end.",
        "原因应为 {expected}：只有名单全部用尽，才能再生成种子。",
    ),
    "round_changed": ("Condition {no} was changed in more than its regions.", "条件{no}除地区外还有改动。"),
    "round_restarted": (
        "A seed stands already and the orders of condition {no} are not at their end: this would draw again.",
        "顺序已经确定，条件{no}的名单尚未全部用尽：这等于重抽。",
    ),
    "not_wider": (
        "The regions of condition {no} are not wider than all it had: this would draw again.",
        "条件{no}的地区没有在原有全部地区之外扩大：这等于重抽。",
    ),
    "widenings": (
        "Regions were widened {count} times already, {limit} are allowed.",
        "已扩大地区{count}次，规定至多{limit}次。",
    ),
    "limits_changed": ("The limits differ from those of the round before.", "各项限制与上一轮不同。"),
    "gathering": (
        "The gathering time of notice {notice} is not the one that stood before.",
        "通知{notice}的集合时间与此前的记录不符。",
    ),
    "gathering_moved": (
        "The gathering of notice {notice} was moved after the order was fixed.",
        "顺序确定之后，通知{notice}的集合时间作了变更。",
    ),
    "start_late": (
        "Calling began {minutes} minutes after the seed, {limit} are allowed.",
        "种子确定后{minutes}分钟才启动，规定至多{limit}分钟。",
    ),
    "seed_unused": ("A seed was fixed and nobody was called along it.", "种子已经确定，却没有按此顺序通知任何人。"),
    "supervisors": ("{source} with {count} is no source of supervisors.", "监督人来源（{source}，{count}人）不正确。"),
    "recusals_order": (
        "Recusals must be committed once, after the system's commitment and before the lists are frozen.",
        "回避名单应在系统承诺后、名单冻结前承诺一次。",
    ),
    "recusals_changed": (
        "The recusals differ from those of the round before.",
        "回避名单与上一轮承诺的不同。",
    ),
    "roles": ("Nobody, or somebody unknown, adds randomness.", "参与承诺的角色不正确。"),
    "one_role": ("Only one participant adds randomness.", "只有一方参与承诺。"),
    "system_order": ("The system must commit once, before the lists are frozen.", "系统应在名单冻结前承诺一次。"),
    "lists_order": ("Lists freeze once, after the system's commitment.", "名单应在系统承诺后冻结一次。"),
    "commit_order": ("{role} must commit once, after the lists are frozen.", "{role} 应在名单冻结后承诺一次。"),
    "reveal_order": ("{role} may reveal once, when all have committed.", "{role} 应在各方均承诺后揭示一次。"),
    "reveal": ("{role} revealed another value than the committed one.", "{role} 揭示的值与承诺不符。"),
    "seed_order": ("The seed is fixed before all have revealed.", "尚有一方未揭示，不得生成种子。"),
    "secret": ("The system's secret is not the one it committed to.", "系统的秘密数与承诺不符。"),
    "seed": ("The seed is not the hash of its inputs.", "种子与各项输入的哈希不符。"),
    "abort_late": ("All had revealed: the seed exists and must be opened.", "各方均已揭示，种子已定，不得中止。"),
    "abort_missing": ("It must name those who had not revealed: {late}.", "须写明未揭示的一方：{late}。"),
    "abort_after_reveal": (
        "{late} did not reveal after another had: whoever withheld it may have wanted another order.",
        "他方揭示后 {late} 未揭示，可能意在更换顺序。",
    ),
    "abort_again": (
        "Round {count} that was given up before a reveal: the list was frozen anew at a moment of somebody's choice.",
        "揭示前中止的第{count}轮：名单冻结的时刻因此可由人选择。",
    ),
    "round_aborts": (
        "A round is opened although {count} were given up, {limit} are allowed.",
        "已中止{count}轮，规定至多{limit}轮，不得再开新的一轮。",
    ),
    "round_withheld": (
        "A round is opened although {count} were given up after a reveal.",
        "已有 {count} 轮在揭示后中止，不得再开新的一轮。",
    ),
    "no_seed": ("Condition {no} has no order yet.", "条件{no}尚未确定顺序。"),
    "need": (
        "Condition {no} must need its planned number at first, later between what it holds and what was planned, once.",
        "条件{no}的名额首次应等于计划数，以后应在已占用数与计划数之间，且不得重复设定。",
    ),
    "tier": ("Condition {no} has no list {tier}.", "条件{no}没有 {tier} 名单。"),
    "alternative_early": ("The main specialty of condition {no} is not exhausted.", "条件{no}的主选专业尚未用尽。"),
    "too_many": ("Condition {no} misses no place.", "条件{no}没有空缺名额。"),
    "called_twice": ("This leaf had its turn already.", "该专家已轮到过一次。"),
    "unknown_leaf": ("This leaf is not in the frozen list.", "该专家不在冻结的名单中。"),
    "order": ("The next in order is {leaf}…: somebody was passed over.", "应轮到 {leaf}…，有专家被越过。"),
    "skip_reason": ("{reason} is no reason to skip.", "{reason} 不是规定的跳过原因。"),
    "not_called": ("This leaf was never called.", "该专家从未被通知。"),
    "outcome": ("{outcome} can't follow {state}.", "{state} 之后不能是 {outcome}。"),
    "exhausted_before": (
        "The order {tier} of condition {no} was at its end already.",
        "条件{no}的 {tier} 名单此前已经用尽。",
    ),
    "party": ("{party} can't have done this.", "{party} 不能作出此动作。"),
    "discard_unconfirmed": (
        "{outcome} was caused by {by} and confirmed by {confirmed}: it needs {needed}.",
        "{outcome} 由 {by} 提出、{confirmed} 确认，应由 {needed} 确认。",
    ),
    "discard": (
        "An expert who had agreed is out ({outcome}), caused by {by}, confirmed by {confirmed}.",
        "已同意的专家被移出（{outcome}），由 {by} 提出，{confirmed} 确认。",
    ),
    "undone_late": (
        "An acceptance was undone when no call was made any more: that would be a leave.",
        "呼叫结束后不得撤销同意，只能请假。",
    ),
    "absent_early": (
        "Nobody is absent before the gathering time that he agreed to.",
        "专家同意的集合时间之前不能记为缺席。",
    ),
    "cancelled_early": (
        "Somebody who had agreed is cancelled although the activity was not terminated.",
        "活动未终止，不得取消已同意的专家。",
    ),
    "terminating": ("After its termination only calls are cancelled.", "终止后只能取消通知。"),
    "termination_reason": ("{reason} is no reason to terminate.", "{reason} 不是规定的终止原因。"),
    "terminated": (
        "Terminated by {by} ({reason}) when the order was known and {agreed} had agreed.",
        "顺序确定后由 {by} 终止（{reason}），当时已同意{agreed}人。",
    ),
    "exhausted": ("The order {tier} of condition {no} is not at its end.", "条件{no}的 {tier} 名单尚未用尽。"),
    "not_full": ("Places are still missing, or calls open.", "仍有空缺名额或未答复的通知，不能记为完成。"),
    "not_short": ("No place is missing, or a call is still open.", "没有空缺名额，或仍有未答复的通知。"),
    "short_reason": ("The log doesn't bear out the reason {reason}.", "记录不支持 {reason} 这一原因。"),
    "panel_end": (
        "The panel can't have been {panel}: {accepted} hold a place, {released} were released.",
        "专家组的结局不能是 {panel}：仍占名额{accepted}人，已退选{released}人。",
    ),
    "not_settled": ("A round or a call is still open.", "仍有未完成的承诺或未答复的通知。"),
}

Object = Mapping[str, object]


@dataclass(frozen=True)
class Finding:
    """``severity`` is error or warning; ``entry`` the seq of the entry that doesn't fit, None for the whole record."""

    severity: str
    code: str
    entry: int | None
    english: str
    chinese: str

    def __str__(self) -> str:
        where = "record 记录" if self.entry is None else f"entry 第{self.entry}条"
        return f"{self.severity} [{self.code}] {where}: {self.english} {self.chinese}"


class Problem(Exception):
    """Something doesn't fit; ``code`` is a key of TEXTS. The walk stops here."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts

    def finding(self, severity: str, entry: int | None) -> Finding:
        english, chinese = (text.format(**self.facts) for text in TEXTS[self.code])
        return Finding(severity, self.code, entry, english, chinese)


def verify(record: object, receipts: Sequence[str] = ()) -> list[Finding]:
    """Everything that doesn't fit: warnings, and the first error. An empty list means that the record holds.

    ``record`` is parsed JSON, ``receipts`` are hashes of entries as hex. A log that is not at its end yet is fine.
    """
    return _walk(record, receipts)[0]


def examine(record: object, receipts: Sequence[str] = ()) -> tuple[list[Finding], list[str]]:
    """The same, and a plain summary: how many seeds and why, how many rounds were given up, …"""
    findings, walk = _walk(record, receipts)
    return findings, walk.summary() if walk else []


def _walk(record: object, receipts: Sequence[str]) -> tuple[list[Finding], _Walk | None]:
    try:
        walk = _Walk(_object(record, "record"))
    except Problem as problem:
        return [problem.finding("error", None)], None
    return walk.run(receipts), walk


def compare(record: object, originals: Sequence[object]) -> list[Finding]:
    """Whether the records of earlier activities on the lots are those of which the record's first entry tells.

    Each is checked by itself, for what the entry says of it, and for the activities before it that both name; for a
    recall its panel. A warning names those that are missing. Of a record that is wrong itself only its error is told.
    """
    try:
        walk = _Walk(_object(record, "record"))
        if wrong := [finding for finding in walk.run(()) if finding.severity == "error"]:
            return wrong
        given = [_read_original(walk, original) for original in originals]
    except Problem as problem:
        return [problem.finding("error", None)]
    missing = [number for number, earlier in walk.earlier.items() if earlier.head and number not in given]
    return [Problem("original_missing", numbers=_join(missing)).finding("warning", None)] if missing else []


def _read_original(walk: _Walk, original: object) -> str:
    """The number of the earlier activity."""
    before = _Walk(_object(original, "record"))
    findings, number = before.run(()), before.draw.decode()
    _check(not any(finding.severity == "error" for finding in findings), "original_wrong", number=number)
    _check(number in walk.earlier, "original", number=number)
    _check(before.as_earlier(walk.lots) == walk.earlier[number], "original_changed", number=number)
    _check(before.shared(walk.lots) == walk.shared(before.lots, until=number), "original_history", number=number)
    if walk.panel and walk.original == number:
        _check(walk.panel == before.accepted_seats(), "original_panel")
        _check(walk.lost == before.lost_at_end(), "original_lost", number=number)
    return number


def digest(sub_tag: str, *inputs: bytes) -> bytes:
    """SHA-256 over TAG, the sub-tag and the inputs, each led by its length as 8 bytes big-endian."""
    return hashlib.sha256(_fields(TAG, sub_tag.encode(), *inputs)).digest()


def drawn_order(seed: bytes, condition: int, tier: str, leaves: Sequence[bytes]) -> list[bytes]:
    """Leaves by HMAC-SHA-256 of TAG, ``order``, condition, tier and leaf under the seed."""
    prefix = _fields(TAG, b"order", _number(condition), tier.encode())
    return sorted(leaves, key=lambda leaf: hmac.digest(seed, prefix + _fields(leaf), "sha256"))


def _fields(*inputs: bytes) -> bytes:
    return b"".join([len(part).to_bytes(8, "big") + part for part in inputs])


def _number(value: int) -> bytes:
    return str(value).encode()


@dataclass(frozen=True)
class _Earlier:
    """An activity on the lots before this one, as the first entry tells of it. Times as they are written."""

    number: str
    head: str
    lots: frozenset[str]
    seeds: tuple[str, ...]
    withheld: tuple[str, ...]
    given_up: int
    panel: str


@dataclass
class _Round:
    number: int
    roles: tuple[str, ...]
    facts: dict[int, Object]
    limits: Mapping[str, int]
    commitment: bytes | None = None
    recusals: bytes | None = None
    roots: dict[tuple[int, str], bytes] = field(default_factory=dict)
    commitments: dict[str, bytes] = field(default_factory=dict)
    values: dict[str, bytes] = field(default_factory=dict)

    def seed(self, draw: bytes, secret: bytes) -> bytes:
        inputs = [draw, _number(self.number), secret, _number(len(self.roots))]
        for no, tier in sorted(self.roots, key=lambda key: (key[0], TIERS.index(key[1]))):
            inputs += [_number(no), tier.encode(), self.roots[no, tier]]
        inputs.append(_number(len(self.values)))
        for role, value in sorted(self.values.items()):
            inputs += [role.encode(), value]
        return digest("seed", *inputs)


@dataclass
class _Condition:
    """``need_recorded``: its need was set in the calling under way; ``states`` is the last known state of each call.

    ``orders`` by tier, None while the list is not published; ``walked`` are the leaves called or skipped so far.
    ``agreed`` is the latest gathering that held since a leaf was called.
    """

    facts: Object
    planned: int
    orders: dict[str, list[bytes] | None]
    walked: dict[str, dict[bytes, None]]
    exhausted: set[str] = field(default_factory=set)
    needed: int | None = None
    need_recorded: bool = False
    states: dict[bytes, str] = field(default_factory=dict)
    held: Counter[str] = field(default_factory=Counter)
    agreed: dict[bytes, datetime] = field(default_factory=dict)

    def put(self, leaf: bytes, state: str) -> None:
        if (before := self.states.get(leaf)) is not None:
            self.held[before] -= 1
        self.states[leaf] = state
        self.held[state] += 1

    @property
    def taken(self) -> int:
        return self.held["open"] + self.held["accepted"]

    @property
    def missing(self) -> int:
        return (self.needed or 0) - self.taken

    @property
    def spent(self) -> bool:
        """Every order is at its end."""
        return set(self.orders) == self.exhausted


class _Walk:
    """The draw as the log tells it so far; ``phase`` is setup, recall, calling, paused, ending, rest,
    terminating, ended."""

    def __init__(self, record: Object) -> None:
        _check(record.get("format") == FORMAT, "format", format=FORMAT)
        _check(record.keys() == _PARTS, "parts")
        self.draw = _text(record, "draw").encode()
        self.genesis = digest("genesis", _text(record, "pool").encode(), self.draw)
        self.log = _array(record, "log")
        self.head = _text(record, "head")
        self.lists = {key: _read_list(key, value) for key, value in _object(record.get("lists"), "lists").items()}
        self.frozen: set[str] = set()
        self.unchecked = False
        self.findings: list[Finding] = []
        self.phase = "setup"
        self.round: _Round | None = None
        self.last_round: _Round | None = None
        self.last_aborted = False
        self.aborts = 0
        self.withheld = 0
        self.seeds: list[tuple[int, str]] = []
        self.seeded_at: datetime | None = None
        self.gatherings: dict[int, datetime] = {}
        self.moved = 0
        self.discards: Counter[str] = Counter()
        self.undone = 0
        self.conditions: dict[int, _Condition] = {}
        self.kind = self.original = ""
        self.lots: frozenset[str] = frozenset()
        self.earlier: dict[str, _Earlier] = {}
        self.elsewhere = 0
        self.times: dict[str, list[str]] = {"seeds": [], "withheld": []}
        self.panel_end = ""
        self.panel: set[tuple[int, bytes]] = set()
        self.agreement_lead = timedelta()
        self.lost = Counter[str]()
        self.seq = 0
        self.at: datetime | None = None

    def run(self, receipts: Sequence[str]) -> list[Finding]:
        hashes = set()
        prev = self.genesis
        try:
            for item in self.log:
                self.seq += 1
                entry = _object(item, "entry")
                prev = self._check_chain(entry, prev)
                hashes.add(prev.hex())
                self._check_entry(entry)
        except Problem as problem:
            return [*self.findings, problem.finding("error", self.seq)]
        if self.head != prev.hex():
            self.findings.append(Problem("head").finding("error", None))
        for key in sorted(self.lists.keys() - self.frozen):
            self.findings.append(Problem("list_extra", key=key).finding("error", None))
        self._check_lists_published()
        for receipt in receipts:
            if receipt.strip().lower() not in hashes:
                self.findings.append(Problem("receipt", receipt=receipt).finding("error", None))
        return self.findings

    def _check_lists_published(self) -> None:
        """All that were frozen, once the draw has ended; before that a warning tells that the order is unchecked."""
        if self.phase == "ended":
            for key in sorted(self.frozen - self.lists.keys()):
                self.findings.append(Problem("list_missing", key=key).finding("error", None))
        elif self.unchecked:
            self.findings.append(Problem("order_unchecked").finding("warning", None))

    def summary(self) -> list[str]:
        """What a reader wants to know first, one line each."""
        lines = self._history_lines()
        if self.panel:
            counts = ", ".join(f"{state} {count}" for state, count in sorted(self._state_counts().items()))
            lost = ", ".join(f"{outcome} {count}" for outcome, count in self.lost.items())
            drawn = f"{len(self.panel) + self.lost.total()}, lost in earlier recalls 此前复评中减少: {lost or 0}"
            lines.append(f"panel that was drawn 首次专家组: {drawn}")
            return [*lines, f"recalled experts 通知原专家: {len(self.panel)} ({counts})"]
        lines.append(f"seeds 种子: {len(self.seeds)}")
        lines += [f"  round 第{number}轮: {why}" for number, why in self.seeds]
        lines.append(
            f"rounds given up 中止的承诺: {self.aborts} before any reveal 揭示前, {self.withheld} after a reveal 揭示后"
        )
        lines.append(f"gatherings moved after the seed 种子确定后变更集合时间: {self.moved}")
        lines.append(f"acceptances undone by the expert in time 专家及时撤销的同意: {self.undone}")
        causes = ", ".join(f"{by} {count}" for by, count in sorted(self.discards.items()))
        lines.append(f"experts out after they agreed 同意后移出: {self.discards.total()}{causes and f' ({causes})'}")
        return lines

    def _history_lines(self) -> list[str]:
        """What this draw follows, and every seed that its lots had before."""
        kinds = {"redraw": "redraw of 重新抽取自", "recall": "recall of the experts of 通知原专家"}
        lines = [f"{kinds[self.kind]} {self.original}"] if self.original else []
        lines += [
            f"  before 此前 {earlier.number}: seeds 种子 {len(earlier.seeds)}, given up 中止 "
            f"{earlier.given_up} + {len(earlier.withheld)}, panel 专家组 {earlier.panel}"
            for earlier in self.earlier.values()
        ]
        total = sum(len(earlier.seeds) for earlier in self.earlier.values())
        elsewhere = f"of the same tender elsewhere 同一招标另立项目的 {self.elsewhere}"
        return [*lines, f"earlier seeds 此前的种子: {total}, {elsewhere}"]

    def _state_counts(self) -> Counter[str]:
        return sum((condition.held for condition in self.conditions.values()), Counter[str]())

    def accepted_seats(self) -> set[tuple[int, bytes]]:
        """Condition and leaf of everybody who holds a place now."""
        return {
            (no, leaf)
            for no, condition in self.conditions.items()
            for leaf, state in condition.states.items()
            if state == "accepted"
        }

    def lost_at_end(self) -> Counter[str]:
        """Experts of the panel that was drawn whom a recall of this activity's panel can't ask, by what became of them;
        none where this activity drew the panel itself."""
        left = Counter({state: count for state, count in self._state_counts().items() if state != "accepted"})
        return self.lost + left if self.is_recall else Counter()

    def _warn(self, code: str, **facts: object) -> None:
        self.findings.append(Problem(code, **facts).finding("warning", self.seq))

    def _check_chain(self, entry: Object, prev: bytes) -> bytes:
        _check(_int(entry, "seq") == self.seq and entry.get("prev") == prev.hex(), "chain_gap")
        body = {key: value for key, value in entry.items() if key != "hash"}
        try:
            text = _CANONICAL.encode(body).encode()
        except (UnicodeEncodeError, RecursionError):
            raise Problem("shape", what="entry") from None
        own = digest("entry", prev, text)
        _check(entry.get("hash") == own.hex(), "chain_hash")
        return own

    def _check_entry(self, entry: Object) -> None:
        act = _text(entry, "act")
        _check(act in ACTS and entry.keys() == ACTS[act] | _CHAINED, "act", act=act)
        _check((act == "history") == (self.seq == 1), "history_first")
        _check(self.phase != "ended", "after_end")
        self._check_time(_text(entry, "at"))
        handler: Callable[[Object], None] = getattr(self, f"_apply_{act}")
        handler(entry)

    def _check_time(self, text: str) -> None:
        at = _moment(text)
        if self.at is not None and at < self.at - CLOCK_SLACK:
            self._warn("clock")
        self.at = at if self.at is None else max(at, self.at)

    # What was on the lots before

    def _apply_history(self, entry: Object) -> None:
        self.kind, self.original = _text(entry, "kind"), _text(entry, "original")
        self.lots = _read_marks(entry, "lots")
        self.elsewhere = _int(entry, "elsewhere")
        _check(self.kind in KINDS and bool(self.lots) and self.elsewhere >= 0, "shape", what="history")
        for item in _array(entry, "earlier"):
            earlier = self._read_earlier(_object(item, "earlier"))
            _check(earlier.number not in (*self.earlier, self.draw.decode()), "history", number=earlier.number)
            self.earlier[earlier.number] = earlier
        self._check_follows()
        if unused := [e.number for e in self.earlier.values() if e.seeds and e.panel in ("terminated", "not_met")]:
            self._warn("order_unused", numbers=_join(unused))
        self.phase = "recall" if self.is_recall else "setup"

    def _read_earlier(self, facts: Object) -> _Earlier:
        _check(facts.keys() == EARLIER_FACTS, "shape", what="earlier")
        earlier = _Earlier(
            _text(facts, "number"),
            _text(facts, "head"),
            _read_marks(facts, "lots"),
            self._read_times(facts, "seeds"),
            self._read_times(facts, "withheld"),
            _int(facts, "given_up"),
            _text(facts, "panel"),
        )
        had_record = bool(earlier.head) and bool(_hex(facts, "head", 32))
        is_consistent = (
            bool(earlier.number)
            and bool(earlier.lots)
            and earlier.lots <= self.lots
            and earlier.given_up >= 0
            and earlier.panel in PANEL_ENDS
            and (had_record or not (earlier.seeds or earlier.withheld or earlier.given_up))
        )
        _check(is_consistent, "history", number=earlier.number)
        return earlier

    def _read_times(self, facts: Object, key: str) -> tuple[str, ...]:
        """Rising, and before this entry."""
        texts = tuple(_str(item, key) for item in _array(facts, key))
        times = [_moment(text) for text in texts]
        is_past = all(at <= self._now() + CLOCK_SLACK for at in times)
        _check(times == sorted(times) and is_past, "history", number=_text(facts, "number"))
        return texts

    def _check_follows(self) -> None:
        """A lot whose order was known gets another only by a redraw of what was last on it, or by a recall."""
        _check(bool(self.original) == (self.kind != "normal"), "follows_nothing")
        _check(self.original != self.draw.decode(), "follows_nothing")
        for lot in sorted(self.lots):
            activities = [earlier for earlier in self.earlier.values() if lot in earlier.lots]
            newest = max((place for place, earlier in enumerate(activities) if earlier.seeds), default=None)
            if newest is not None:
                numbers = [earlier.number for earlier in activities[newest:]]
                _check(self.original in numbers, "follows", numbers=_join(numbers))
        original = self.earlier.get(self.original)
        is_met = original is not None and original.panel == "met"
        _check(not self.is_recall or is_met, "follows_unmet", original=self.original)

    def _now(self) -> datetime:
        """Time of the entry that is read, or of an earlier one that claims to be later."""
        if self.at is None:
            raise Problem("time")
        return self.at

    def _check_lot_orders(self, limit: int) -> None:
        """Orders known within a day before this draw's first round, on the lot with the most."""
        since = self._now() - timedelta(days=1)
        for lot in self.lots:
            texts = [
                text
                for earlier in self.earlier.values()
                for text in (*earlier.seeds, *earlier.withheld)
                if lot in earlier.lots and _moment(text) > since
            ]
            _check(len(texts) < limit, "lot_orders", count=len(texts), limit=limit)

    @property
    def is_recall(self) -> bool:
        return self.kind == "recall"

    def as_earlier(self, lots: frozenset[str]) -> _Earlier:
        """This draw, as the first entry of a later one on ``lots`` should tell of it."""
        seeds, withheld = tuple(self.times["seeds"]), tuple(self.times["withheld"])
        shared = self.lots & lots
        return _Earlier(self.draw.decode(), self.head, shared, seeds, withheld, self.aborts, self.panel_end)

    def shared(self, lots: frozenset[str], until: str = "") -> list[_Earlier]:
        """The activities before the draw ``until`` that were on one of the lots, with those of ``lots`` and of this."""
        activities: list[_Earlier] = []
        for earlier in self.earlier.values():
            if earlier.number == until:
                break
            if earlier.lots & lots:
                activities.append(replace(earlier, lots=earlier.lots & lots))
        return activities

    # Acts of a recall

    def _apply_recalled(self, entry: Object) -> None:
        _check(self.phase == "recall" and not self.panel, "recalled")
        for item in _array(entry, "panel"):
            seat = _object(item, "panel")
            _check(seat.keys() == {"condition", "leaf"}, "shape", what="panel")
            no, leaf = _int(seat, "condition"), _hex(seat, "leaf", 32)
            _check(no >= 1 and all(leaf != known for _, known in self.panel), "recalled")
            self.panel.add((no, leaf))
            condition = self.conditions.setdefault(no, _Condition({}, 0, {}, {}, needed=0))
            condition.planned += 1
            condition.needed = condition.planned
            condition.put(leaf, "recalled")
        lead = _int(entry, "lead")
        _check(bool(self.panel) and 0 <= lead <= _LONG, "recalled")
        self.agreement_lead = timedelta(seconds=lead)
        self.lost = _read_lost(entry)

    def _apply_confirmed(self, entry: Object) -> None:
        no, leaf, answer = _int(entry, "condition"), _hex(entry, "leaf", 32), _text(entry, "answer")
        gathering = _text(entry, "gathering")
        waits = self.phase == "recall" and (no, leaf) in self.panel and self.conditions[no].states[leaf] == "recalled"
        _check(waits and answer in ANSWERS and bool(gathering) == (answer == "comes"), "confirmed")
        self._check_source(answer, _text(entry, "source"), _text(entry, "stated"))
        condition = self.conditions[no]
        condition.put(leaf, ANSWERS[answer])
        if gathering:
            condition.agreed[leaf] = _moment(gathering)
            latest = condition.agreed[leaf] - self.agreement_lead + CLOCK_SLACK
            _check(self.at is not None and self.at <= latest, "agreed_late", lead=self.agreement_lead // _MINUTE)

    def _check_source(self, answer: str, source: str, stated: str) -> None:
        """Nobody speaks for another person; what the agency said is shown where it is not what came true."""
        _check(source in ANSWER_SOURCES[answer] and stated in STATED, "answer_source", answer=answer, source=source)
        if stated not in ("", answer):
            self._warn("stated", stated=stated, answer=answer)

    def _check_all_confirmed(self) -> None:
        _check(bool(self.panel) and not self._state_counts()["recalled"], "not_all_confirmed")

    # Acts that fix the order

    def _apply_round_opened(self, entry: Object) -> None:
        _check(not self.is_recall, "recall")
        number, facts = _int(entry, "round"), _read_conditions(entry)
        _check(self.round is None, "round_open")
        expected = self.last_round.number + 1 if self.last_round else 1
        _check(number == expected, "round_gap", expected=expected, number=number)
        roles = tuple(_str(role, "roles") for role in _array(entry, "roles"))
        _check(bool(roles) and set(roles) <= set(ROLES) and len(set(roles)) == len(roles), "roles")
        limits = _read_limits(entry)
        _check(self.withheld < WITHHELD_MAX, "round_withheld", count=self.withheld)
        _check(self.aborts < limits["aborts"], "round_aborts", count=self.aborts, limit=limits["aborts"])
        if len(roles) < len(ROLES):
            self._warn("one_role")
        if self.last_round and self.last_round.limits != limits:
            self._warn("limits_changed")
        if self.conditions:
            self._check_further(entry, facts, limits["widenings"])
        else:
            self._check_first(entry, facts)
            self._check_lot_orders(limits["lot_orders"])
        self._check_supervisors(_object(entry.get("supervisors"), "supervisors"), roles)
        for condition_facts in facts.values():
            notice, at = _int(condition_facts, "notice"), _moment(_text(condition_facts, "gathering"))
            _check(self.gatherings.setdefault(notice, at) == at, "gathering", notice=notice)
        self.round = _Round(number, roles, facts, limits)

    def _check_supervisors(self, facts: Object, roles: Sequence[str]) -> None:
        _check(facts.keys() == {"source", "count"}, "shape", what="supervisors")
        source, count = _text(facts, "source"), _int(facts, "count")
        is_consistent = (
            source in SOURCES and (count > 0) == (source != "none") and (count > 0 or "supervisor" not in roles)
        )
        _check(is_consistent and count >= 0, "supervisors", source=source, count=count)

    def _check_first(self, entry: Object, facts: dict[int, Object]) -> None:
        self._check_occasion(entry, "aborted" if self.last_round else "first", "")
        before = self.last_round.facts if self.last_round else facts
        changed = [no for no in facts.keys() | before.keys() if not _asks_the_same(facts.get(no), before.get(no), ())]
        _check(not changed, "round_changed", no=min(changed, default=0))

    def _check_further(self, entry: Object, facts: dict[int, Object], limit: int) -> None:
        """A draw has one seed for its life; another only for orders that are at their end, and for wider regions."""
        self._check_occasion(entry, "aborted" if self.last_aborted else "widened", "exhausted")
        for no, new in facts.items():
            condition = self._get_condition(no)
            free = self.phase == "rest" and not condition.held["open"] and condition.taken < condition.planned
            _check(free and condition.spent, "round_restarted", no=no)
            _check(_asks_the_same(new, condition.facts, ("regions",)), "round_changed", no=no)
            _check(_read_regions(new) > _read_regions(condition.facts), "not_wider", no=no)
        count = len(self.seeds) - 1
        _check(count < limit, "widenings", count=count, limit=limit)

    def _check_occasion(self, entry: Object, reason: str, cause: str) -> None:
        _check(_text(entry, "reason") == reason, "round_reason", expected=reason)
        _check(_text(entry, "cause") == cause, "round_cause", expected=cause or "empty")

    def _apply_system_committed(self, entry: Object) -> None:
        current = self._get_round(entry)
        _check(current.commitment is None, "system_order")
        current.commitment = _hex(entry, "commitment", 32)

    def _apply_recusals_committed(self, entry: Object) -> None:
        current = self._get_round(entry)
        ready = current.commitment is not None and not current.roots and current.recusals is None
        _check(ready, "recusals_order")
        current.recusals = _hex(entry, "root", 32)
        before = self.last_round.recusals if self.last_round else None
        if before is not None and before != current.recusals:
            self._warn("recusals_changed")

    def _apply_lists_frozen(self, entry: Object) -> None:
        current = self._get_round(entry)
        _check(current.commitment is not None and not current.roots, "lists_order")
        _check(current.recusals is not None, "recusals_order")
        for item in _array(entry, "lists"):
            facts = _object(item, "lists")
            key = (_int(facts, "condition"), _text(facts, "tier"))
            _check(len(facts) == 4 and key not in current.roots, "list_set")
            _hex(facts, "snapshot", 32)
            current.roots[key] = _hex(facts, "root", 32)
        expected = {(no, "main") for no in current.facts}
        expected |= {(no, "alternative") for no, facts in current.facts.items() if facts["alternative"]}
        _check(current.roots.keys() == expected, "list_set")
        for no, tier in current.roots:
            self._check_list(no, tier, current)

    def _check_list(self, no: int, tier: str, current: _Round) -> None:
        key = _key(no, tier, current)
        self.frozen.add(key)
        if key in self.lists:
            blind, leaves = self.lists[key]
            own = digest("list", _number(no), tier.encode(), blind, b"".join(leaves))
            _check(own == current.roots[no, tier], "list_changed", key=key)

    def _apply_participant_committed(self, entry: Object) -> None:
        current, role = self._get_round(entry), _text(entry, "role")
        ready = bool(current.roots) and role in current.roles and role not in current.commitments
        _check(ready, "commit_order", role=role)
        current.commitments[role] = _hex(entry, "commitment", 32)

    def _apply_participant_revealed(self, entry: Object) -> None:
        current, role = self._get_round(entry), _text(entry, "role")
        all_in = set(current.commitments) == set(current.roles)
        _check(all_in and role in current.roles and role not in current.values, "reveal_order", role=role)
        value = _hex(entry, "value", 16)
        own = digest("participant", self.draw, _number(current.number), role.encode(), value)
        _check(own == current.commitments[role], "reveal", role=role)
        current.values[role] = value

    def _apply_seed_fixed(self, entry: Object) -> None:
        current, secret = self._get_round(entry), _hex(entry, "secret", 32)
        _check(set(current.values) == set(current.roles), "seed_order")
        _check(digest("system", self.draw, _number(current.number), secret) == current.commitment, "secret")
        seed = current.seed(self.draw, secret)
        _check(seed == _hex(entry, "seed", 32), "seed")
        self.seeds.append((current.number, self._seed_reason(current)))
        self.times["seeds"].append(_text(entry, "at"))
        self.seeded_at = self.at
        for no, facts in current.facts.items():
            self._set_orders(no, facts, seed, current)
        self._close_round(aborted=False)

    def _seed_reason(self, current: _Round) -> str:
        """Why this seed, for the summary."""
        wider = {
            no: _read_regions(facts) - _read_regions(self.conditions[no].facts)
            for no, facts in current.facts.items()
            if no in self.conditions
        }
        reasons = [
            f"orders of condition {no} exhausted, regions widened by {', '.join(sorted(added))} "
            f"条件{no}的名单已全部用尽，扩大地区"
            for no, added in wider.items()
        ]
        return "; ".join(reasons) or "the first order 首次确定顺序"

    def _set_orders(self, no: int, facts: Object, seed: bytes, current: _Round) -> None:
        orders: dict[str, list[bytes] | None] = {}
        for tier in [tier for tier in TIERS if (no, tier) in current.roots]:
            _, leaves = self.lists.get(_key(no, tier, current), (b"", None))
            orders[tier] = None if leaves is None else drawn_order(seed, no, tier, leaves)
            self.unchecked |= leaves is None
        fresh = _Condition(facts, _int(facts, "planned"), orders, {tier: {} for tier in orders})
        if (old := self.conditions.get(no)) is not None:
            fresh.states, fresh.held, fresh.needed, fresh.agreed = old.states, old.held, old.needed, old.agreed
        self.conditions[no] = fresh

    def _apply_round_aborted(self, entry: Object) -> None:
        current, _ = self._get_round(entry), _text(entry, "reason")
        _check(len(current.values) < len(current.roles), "abort_late")
        late = sorted(role for role in current.roles if role not in current.values) if current.values else []
        named = sorted(_str(role, "missing") for role in _array(entry, "missing"))
        _check(named == late, "abort_missing", late=", ".join(late))
        if late:
            self.withheld += 1
            self.times["withheld"].append(_text(entry, "at"))
            self._warn("abort_after_reveal", late=", ".join(late))
        else:
            self.aborts += 1
            if self.aborts > 1:
                self._warn("abort_again", count=self.aborts)
        self._close_round(aborted=True)

    def _close_round(self, *, aborted: bool) -> None:
        self.last_round, self.round, self.last_aborted = self.round, None, aborted

    def _get_round(self, entry: Object) -> _Round:
        number = _int(entry, "round")
        if self.round is None or self.round.number != number:
            raise Problem("round_closed", number=number)
        return self.round

    def _apply_gathering_moved(self, entry: Object) -> None:
        notice, old, new = _int(entry, "notice"), _moment(_text(entry, "old")), _moment(_text(entry, "new"))
        _check(self.gatherings.get(notice) == old != new, "gathering", notice=notice)
        self.gatherings[notice] = new
        for condition in self.conditions.values():
            if condition.facts["notice"] == notice:
                condition.agreed = {leaf: max(at, new) for leaf, at in condition.agreed.items()}
        if self.seeds:
            self.moved += 1
            self._warn("gathering_moved", notice=notice)

    # Acts that walk along it

    def _apply_need(self, entry: Object) -> None:
        no, needed = _int(entry, "condition"), _int(entry, "needed")
        _check(not self.is_recall, "recall")
        condition = self._get_condition(no)
        _check(self.round is None, "round_open")
        _check(self.phase in ("setup", "rest", "calling"), "phase", phase=self.phase)
        least = condition.planned if condition.needed is None else max(condition.taken, 1)
        _check(least <= needed <= condition.planned and not condition.need_recorded, "need", no=no)
        condition.needed, condition.need_recorded, self.phase = needed, True, "calling"
        self._check_start()

    def _check_start(self) -> None:
        """A party that knows the seed must not wait for a better moment."""
        if self.seeded_at is not None and self.at is not None and self.last_round is not None:
            limit = timedelta(seconds=self.last_round.limits["start_within"])
            if (waited := self.at - self.seeded_at) > limit + CLOCK_SLACK:
                self._warn("start_late", minutes=waited // _MINUTE, limit=limit // _MINUTE)
        self.seeded_at = None

    def _apply_called(self, entry: Object) -> None:
        condition, leaf = self._step_along_order(entry)
        condition.put(leaf, "open")
        condition.agreed[leaf] = self._gathering(condition)

    def _apply_skipped(self, entry: Object) -> None:
        reason = _text(entry, "reason")
        _check(reason in SKIP_REASONS, "skip_reason", reason=reason)
        _hex(entry, "fact", 32)
        self._step_along_order(entry)

    def _step_along_order(self, entry: Object) -> tuple[_Condition, bytes]:
        """One step along the order, for a call or a skip."""
        no, tier, leaf = _int(entry, "condition"), _text(entry, "tier"), _hex(entry, "leaf", 32)
        condition = self._get_condition(no)
        _check(self.phase == "calling", "phase", phase=self.phase)
        _check(tier in condition.orders, "tier", no=no, tier=tier)
        _check(tier == "main" or "main" in condition.exhausted, "alternative_early", no=no)
        _check(condition.missing > 0, "too_many", no=no)
        _check(tier not in condition.exhausted, "exhausted_before", no=no, tier=tier)
        order, walked = condition.orders[tier], condition.walked[tier]
        if order is not None and order[len(walked) : len(walked) + 1] != [leaf]:
            _check(leaf in order, "unknown_leaf")
            _check(leaf not in walked, "called_twice")
            raise Problem("order", leaf=order[len(walked)].hex()[:12])
        _check(leaf not in walked and leaf not in condition.states, "called_twice")
        walked[leaf] = None
        return condition, leaf

    def _apply_outcome(self, entry: Object) -> None:
        condition, leaf = self._get_condition(_int(entry, "condition")), _hex(entry, "leaf", 32)
        outcome = _text(entry, "outcome")
        _check(leaf in condition.states, "not_called")
        state = condition.states[leaf]
        _check(outcome in OUTCOMES.get(state, ()), "outcome", outcome=outcome, state=state)
        _check(self.phase != "terminating" or outcome == "cancelled", "terminating")
        by = _party(entry, "by", OWN_ACTS.get(outcome, PARTIES))
        confirmed = _party(entry, "confirmed_by", ("", *PARTIES))
        if outcome == "absent":
            _check(self.at is not None and self.at >= condition.agreed[leaf] - CLOCK_SLACK, "absent_early")
        if outcome == "undone":
            self._undo_acceptance(condition, leaf)
            return
        if outcome == "cancelled" and state == "accepted":
            _check(self.phase == "terminating", "cancelled_early")
        elif state == "accepted":
            self._check_discard(outcome, by, confirmed)
        condition.put(leaf, outcome)

    def _undo_acceptance(self, condition: _Condition, leaf: bytes) -> None:
        """The call is open again and still occupies its place, so the order goes on as before."""
        _check(self.phase in UNDONE_IN, "undone_late")
        condition.put(leaf, "open")
        self.undone += 1

    def _check_discard(self, outcome: str, by: str, confirmed: str) -> None:
        """No expert who has agreed is removed unnoticed."""
        self.discards[by] += 1
        needed = CONFIRMERS.get(outcome, ())
        own_leave = (by, outcome) == ("expert", "left")
        facts = {"outcome": outcome, "by": by, "confirmed": confirmed or "nobody"}
        is_confirmed = own_leave or not needed or confirmed in needed
        _check(is_confirmed, "discard_unconfirmed", **facts, needed=" or ".join(needed))
        if by != "expert":
            self._warn("discard", **facts)

    def _apply_exhausted(self, entry: Object) -> None:
        no, tier = _int(entry, "condition"), _text(entry, "tier")
        condition = self._get_condition(no)
        _check(tier in condition.orders, "tier", no=no, tier=tier)
        _check(tier not in condition.exhausted, "exhausted_before", no=no, tier=tier)
        order = condition.orders[tier]
        _check(order is None or len(condition.walked[tier]) == len(order), "exhausted", no=no, tier=tier)
        condition.exhausted.add(tier)

    def _apply_paused(self, entry: Object) -> None:
        _text(entry, "reason")
        self._enter_phase(("calling",), "paused")

    def _apply_resumed(self, _: Object) -> None:
        self._enter_phase(("paused",), "calling")

    def _apply_force_ended(self, entry: Object) -> None:
        _text(entry, "reason")
        self._enter_phase(("calling", "paused"), "ending")

    def _apply_completed(self, _: Object) -> None:
        if self.phase == "recall":
            self._check_all_confirmed()
        begun = all(c.needed is not None for c in self.conditions.values())
        full = all(c.missing == 0 and c.held["open"] == 0 for c in self.conditions.values())
        _check(begun and full, "not_full")
        self._enter_rest()

    def _apply_short(self, entry: Object) -> None:
        reason = _text(entry, "reason")
        if self.phase == "recall":
            self._check_all_confirmed()
        lacking = [c for c in self.conditions.values() if c.missing > 0]
        open_calls = sum(c.held["open"] for c in self.conditions.values())
        _check(bool(lacking) and open_calls == 0, "not_short")
        _check(self._is_borne_out(reason, lacking), "short_reason", reason=reason)
        self._enter_rest()

    def _is_borne_out(self, reason: str, lacking: Sequence[_Condition]) -> bool:
        if self.phase == "recall" or reason == "declined":
            return self.phase == "recall" and reason == "declined"
        borne_out = {
            "exhausted": all(c.spent for c in lacking),
            "force_ended": self.phase == "ending",
            "too_late": all(c.spent or self._too_late(c) for c in lacking),
        }
        return borne_out.get(reason, False)

    def _too_late(self, condition: _Condition) -> bool:
        """Whether the gathering is nearer than the lead, so that no expert may be called any more."""
        lead = timedelta(seconds=self.last_round.limits["lead"] if self.last_round else 0)
        return self.at is not None and self.at >= self._gathering(condition) - lead

    def _gathering(self, condition: _Condition) -> datetime:
        return self.gatherings[_int(condition.facts, "notice")]

    def _apply_terminated(self, entry: Object) -> None:
        by, reason = _party(entry, "by", PARTIES), _text(entry, "reason")
        _check(reason in TERMINATION_REASONS, "termination_reason", reason=reason)
        _check(self.round is None, "round_open")
        _check(self.phase != "terminating", "phase", phase=self.phase)
        if self.seeds:
            agreed = sum(c.held["accepted"] for c in self.conditions.values())
            self._warn("terminated", by=by, reason=reason, agreed=agreed)
        self.phase = "terminating"

    def _apply_ended(self, entry: Object) -> None:
        unsettled = ("open", "accepted") if self.phase == "terminating" else ("open",)
        unsettled_calls = sum(c.held[state] for c in self.conditions.values() for state in unsettled)
        _check(self.round is None and unsettled_calls == 0, "not_settled")
        self.panel_end = _text(entry, "panel")
        self._check_panel_end(self.panel_end)
        if self.seeded_at is not None:
            self._warn("seed_unused")
        self._enter_phase(("setup", "recall", "rest", "terminating"), "ended")

    def _check_panel_end(self, panel: str) -> None:
        """Only people saw whether a panel met; that nobody was there to meet, or all were released, the log shows."""
        counts = self._state_counts()
        accepted, released = counts["accepted"], counts["released"]
        borne_out = {
            "met": accepted > 0,
            "not_met": accepted > 0 or released == 0,
            "released": accepted == 0 and released > 0,
            "terminated": self.phase == "terminating",
        }
        is_borne_out = borne_out.get(panel, False) and (panel == "terminated") == (self.phase == "terminating")
        _check(is_borne_out, "panel_end", panel=panel, accepted=accepted, released=released)

    def _enter_rest(self) -> None:
        self._enter_phase(("calling", "paused", "ending", "recall"), "rest")
        for condition in self.conditions.values():
            condition.need_recorded = False

    def _enter_phase(self, allowed: Sequence[str], phase: str) -> None:
        _check(self.phase in allowed, "phase", phase=self.phase)
        self.phase = phase

    def _get_condition(self, no: int) -> _Condition:
        _check(no in self.conditions, "no_seed", no=no)
        return self.conditions[no]


def _key(no: int, tier: str, current: _Round) -> str:
    return f"{no}/{tier}/{current.number}"


def _read_conditions(entry: Object) -> dict[int, Object]:
    facts_by_number: dict[int, Object] = {}
    for item in _array(entry, "conditions"):
        facts = _object(item, "conditions")
        _check(facts.keys() - {"emergency"} == CONDITION_FACTS, "shape", what="conditions")
        _check(facts.get("emergency", "only") == "only", "shape", what="conditions")
        no = _int(facts, "no")
        _check(no >= 1 and no not in facts_by_number and _int(facts, "planned") >= 1, "shape", what="conditions")
        for key in CONDITION_TEXTS:
            _text(facts, key)
        _read_regions(facts)
        facts_by_number[no] = facts
    _check(bool(facts_by_number), "shape", what="conditions")
    return facts_by_number


def _read_regions(facts: Object) -> frozenset[str]:
    return frozenset(_str(region, "regions") for region in _array(facts, "regions"))


def _asks_the_same(facts: Object | None, other: Object | None, free: Sequence[str]) -> bool:
    """Whether two conditions ask for the same; ``gathering`` is followed by itself, ``free`` may differ too."""
    if facts is None or other is None:
        return False
    return all(facts.get(key) == other.get(key) for key in (CONDITION_FACTS | {"emergency"}) - {"gathering", *free})


def _read_lost(entry: Object) -> Counter[str]:
    """Numbers of experts by outcome, rising."""
    lost = Counter[str]()
    for item in _array(entry, "lost"):
        facts = _object(item, "lost")
        _check(facts.keys() == {"outcome", "count"}, "shape", what="lost")
        outcome, count = _text(facts, "outcome"), _int(facts, "count")
        _check(outcome in LOST and outcome > max(lost, default="") and 0 < count <= _LONG, "shape", what="lost")
        lost[outcome] = count
    return lost


def _read_marks(entry: Object, key: str) -> frozenset[str]:
    """Marks of lots, rising."""
    marks = [_bytes(mark, 32, key).hex() for mark in _array(entry, key)]
    _check(all(mark < following for mark, following in pairwise(marks)), "shape", what=key)
    return frozenset(marks)


def _join(numbers: Sequence[str]) -> str:
    return "、".join(numbers)


def _read_limits(entry: Object) -> Mapping[str, int]:
    facts = _object(entry.get("limits"), "limits")
    _check(facts.keys() == LIMITS, "shape", what="limits")
    limits = {key: _int(facts, key) for key in LIMITS}
    _check(all(0 <= limit <= _LONG for limit in limits.values()), "shape", what="limits")
    return limits


def _read_list(key: str, value: object) -> tuple[bytes, list[bytes]]:
    """Blind and leaves of a published list."""
    facts = _object(value, key)
    _check(facts.keys() == {"blind", "leaves"}, "shape", what=key)
    leaves = [_bytes(leaf, 32, key) for leaf in _array(facts, "leaves")]
    _check(all(earlier < following for earlier, following in pairwise(leaves)), "list_order", key=key)
    return _hex(facts, "blind", 32), leaves


# Reading JSON from others


def _check(fits: bool, code: str, **facts: object) -> None:
    if not fits:
        raise Problem(code, **facts)


def _object(value: object, what: str) -> Object:
    if not isinstance(value, dict):
        raise Problem("shape", what=what)
    return value


def _array(entry: Object, key: str) -> list[object]:
    value = entry.get(key)
    if not isinstance(value, list):
        raise Problem("shape", what=key)
    return value


def _str(value: object, what: str) -> str:
    """Text that can be written as UTF-8: JSON may hold halves of characters."""
    if not isinstance(value, str) or _HALVES.search(value):
        raise Problem("shape", what=what)
    return value


def _party(entry: Object, key: str, allowed: Sequence[str]) -> str:
    party = _text(entry, key)
    _check(party in allowed, "party", party=party)
    return party


def _text(entry: Object, key: str) -> str:
    return _str(entry.get(key), key)


def _moment(text: str) -> datetime:
    """One spelling of a time only, so that every reader agrees what it says."""
    _check(bool(_TIME.fullmatch(text)), "time")
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Problem("time") from None
    _check(2000 <= at.year < 9000, "time")
    return at


def _int(entry: Object, key: str) -> int:
    value = entry.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Problem("shape", what=key)
    return value


def _hex(entry: Object, key: str, size: int) -> bytes:
    return _bytes(entry.get(key), size, key)


def _bytes(value: object, size: int, what: str) -> bytes:
    """Lower-case hex only, so that no digest has two spellings."""
    if not isinstance(value, str) or len(value) != 2 * size or not _HEX.fullmatch(value):
        raise Problem("shape", what=what)
    return bytes.fromhex(value)


def _read_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Two values under one key would let a reader see another record than the one that is checked."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return members


def _read_whole_number(digits: str) -> int:
    if not _WHOLE.fullmatch(digits):
        raise ValueError("a number is not whole and short")
    return int(digits)


def read(text: str) -> object:
    """Parse a record. Raises ValueError for what is no JSON, has a key twice, another number than a whole and short
    one, or is nested too deep."""
    try:
        return json.loads(
            text,
            object_pairs_hook=_read_object,
            parse_int=_read_whole_number,
            parse_float=_read_whole_number,
            parse_constant=_read_whole_number,
        )
    except RecursionError:
        raise ValueError("nested too deep") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns an exit code of the module docstring."""
    parser = argparse.ArgumentParser(
        prog="verify_draw.py", description="Re-compute a published draw record. 核对抽取记录。"
    )
    parser.add_argument("record", type=Path, help="the record as JSON 记录文件")
    parser.add_argument("--receipt", action="append", default=[], metavar="HEX", help="hash of an entry, kept 回执")
    parser.add_argument(
        "--original",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        help="the records of the activities before it on its lots 此前活动的记录",
    )
    options = parser.parse_args(arguments)
    try:
        record = read(options.record.read_text(encoding="utf-8"))
        originals = [read(path.read_text(encoding="utf-8")) for path in options.original]
    except (OSError, ValueError) as error:
        sys.stderr.write(f"Can't read the record 无法读取记录: {error}\n")
        return 2
    findings, summary = examine(record, options.receipt)
    if originals and not any(finding.severity == "error" for finding in findings):
        findings += compare(record, originals)
    for line in (*findings, *summary):
        sys.stdout.write(f"{line}\n")
    if any(finding.severity == "error" for finding in findings):
        return 1
    count = len(_array(_object(record, "record"), "log"))
    sys.stdout.write(f"The record holds 记录核对通过: {count} entries 条, {len(options.receipt)} receipts 份回执.\n")
    return 3 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
