"""A draw (抽取活动), its rules, its verifiable order and its log."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise import fields

from models.base import Row, text_array


class Draw(Row):
    """``state`` is a ``DrawState``. ``gathering_first`` is the earliest gathering of its notices."""

    pool = fields.CharField(32)
    number = fields.CharField(24)
    kind = fields.CharField(12, default="normal")
    """normal, redraw (重新抽取) or recall (通知原专家); the latter two follow an ``original``."""
    original: Any = fields.ForeignKeyField(
        "models.Draw", on_delete=fields.RESTRICT, related_name="followers", null=True
    )
    original_id: UUID | None
    state = fields.CharField(20, default="editing")
    project: Any = fields.ForeignKeyField("models.Project", on_delete=fields.RESTRICT, related_name="draws")
    project_id: UUID
    organisation: Any = fields.ForeignKeyField("models.Organisation", on_delete=fields.RESTRICT, related_name="draws")
    organisation_id: UUID
    agent: Any = fields.ForeignKeyField("models.Account", on_delete=fields.RESTRICT, related_name="draws")
    agent_id: UUID
    name = fields.CharField(200)
    medium = fields.CharField(100)
    opening_at = fields.DatetimeField()
    bid_closing_at = fields.DatetimeField(null=True)
    """截标时间; asked for at a redraw."""
    opening_place = fields.CharField(100)
    needed = fields.IntField()
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField()
    on_site = fields.BooleanField()
    remark = fields.CharField(200, default="")
    operator_name = fields.CharField(50)
    operator_phone_sealed = fields.TextField(default="", db_default="")
    operator_id_sealed = fields.TextField()
    terminal = fields.CharField(64, default="")
    gathering_first = fields.DatetimeField(null=True)
    lead_seconds = fields.IntField(default=3600)
    """No new call begins later than this before gathering, as published with the newest round."""
    previews = fields.IntField(default=0)
    created_at = fields.DatetimeField()
    started_at = fields.DatetimeField(null=True)
    finished_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    unsealed_notice_at = fields.DatetimeField(null=True)
    digest_at = fields.DatetimeField(null=True)
    """The agency gets no progress notice before this time; None: it never got one."""
    digest_agreed = fields.IntField(default=0, db_default=0)
    """Acceptances reported in the last progress notice."""
    staff_phone_sealed = fields.TextField(default="", db_default="")
    """In a recall: the phone with which the agency's contact calls the experts."""
    log_head = fields.CharField(64, default="")
    log_length = fields.IntField(default=0)
    logged_at: datetime | None = None
    """Time of the newest log entry, once read or written in this process; not a column."""

    class Meta:
        table = "draw"
        unique_together = (("pool", "number"),)
        indexes = (("pool", "organisation_id", "created_at"), ("state",))


class DrawNumber(Row):
    """Counter of activity numbers per pool, prefix and day."""

    pool = fields.CharField(32)
    prefix = fields.CharField(8)
    day = fields.CharField(8)
    used = fields.IntField(default=0)

    class Meta:
        table = "draw_number"
        unique_together = (("pool", "prefix", "day"),)


class DrawLot(Row):
    """A lot in a draw; ``lot`` is None where the project itself is the lot. One live draw per lot (database rule)."""

    draw: Any = fields.ForeignKeyField("models.Draw", on_delete=fields.RESTRICT, related_name="lots")
    draw_id: UUID
    lot: Any = fields.ForeignKeyField("models.Lot", on_delete=fields.RESTRICT, related_name="draws", null=True)
    lot_id: UUID | None
    project_id = fields.UUIDField()
    live = fields.BooleanField(default=True)

    class Meta:
        table = "draw_lot"


class SupervisorEntry(Row):
    """The office's register of supervisors (监督人名册), from which agencies choose; entries are ended, never
    deleted."""

    pool = fields.CharField(32)
    name = fields.CharField(50)
    department = fields.CharField(100)
    mobile_sealed = fields.TextField()
    mobile_hash = fields.CharField(64)
    active_from = fields.DatetimeField()
    active_until = fields.DatetimeField(null=True)
    entered_by_id = fields.UUIDField(null=True)
    """The account of the member of the office who entered it; None: the service itself."""
    ended_by_id = fields.UUIDField(null=True)

    class Meta:
        table = "supervisor_entry"
        indexes = (("pool", "active_until"),)


class Supervisor(Row):
    """A supervising person (监督人) of a draw, copied from the register's entry when chosen."""

    draw: Any = fields.ForeignKeyField("models.Draw", on_delete=fields.RESTRICT, related_name="supervisors")
    draw_id: UUID
    entry_id: UUID = fields.UUIDField(null=True)
    name = fields.CharField(50)
    phone_sealed = fields.TextField(default="", db_default="")
    department = fields.CharField(100)
    mobile_hash = fields.CharField(64)

    class Meta:
        table = "draw_supervisor"


class RecusalUnit(Row):
    """A unit whose employees must not be drawn. ``fixed``: tenderee or agency, can't be deleted."""

    draw: Any = fields.ForeignKeyField("models.Draw", on_delete=fields.RESTRICT, related_name="recusal_units")
    draw_id: UUID
    name = fields.CharField(200)
    credit_code = fields.CharField(40, default="")
    reason = fields.CharField(100)
    evidence = fields.CharField(50, default="", db_default="")
    """Class of evidence (依据) from the rulebook's list; empty for fixed units, which the project itself names."""
    fixed = fields.BooleanField(default=False)

    class Meta:
        table = "recusal_unit"


class RecusalPerson(Row):
    """A person who must not be drawn: matched by ID number hash, else by name and unit."""

    draw: Any = fields.ForeignKeyField("models.Draw", on_delete=fields.RESTRICT, related_name="recusal_persons")
    draw_id: UUID
    name = fields.CharField(50)
    id_number_hash = fields.CharField(64, default="")
    unit_name = fields.CharField(200, default="")
    reason = fields.CharField(100)
    evidence = fields.CharField(50, default="", db_default="")

    class Meta:
        table = "recusal_person"


class AvoidedDraw(Row):
    """An earlier draw whose experts are recused here."""

    draw: Any = fields.ForeignKeyField("models.Draw", on_delete=fields.RESTRICT, related_name="avoided")
    draw_id: UUID
    earlier: Any = fields.ForeignKeyField("models.Draw", on_delete=fields.RESTRICT, related_name="avoided_by")
    earlier_id: UUID

    class Meta:
        table = "avoided_draw"
        unique_together = (("draw_id", "earlier_id"),)


class RecalledExpert(Row):
    """An expert of the original panel in a recall (通知原专家), and the result of the phone call with him.

    ``earlier`` is his invitation of the original draw. ``takes_part`` None: not agreed yet (未确认). Only the final
    confirmation creates an invitation.
    """

    draw: Any = fields.ForeignKeyField("models.Draw", on_delete=fields.RESTRICT, related_name="recalled")
    draw_id: UUID
    expert: Any = fields.ForeignKeyField("models.Expert", on_delete=fields.RESTRICT, related_name="recalled")
    expert_id: UUID
    earlier: Any = fields.ForeignKeyField("models.Invitation", on_delete=fields.RESTRICT, related_name="recalled")
    earlier_id: UUID
    condition: Any = fields.ForeignKeyField("models.Condition", on_delete=fields.RESTRICT, related_name="recalled")
    condition_id: UUID
    called_at = fields.DatetimeField(null=True)
    takes_part = fields.BooleanField(null=True)
    gathering_at = fields.DatetimeField(null=True)
    recorded_at = fields.DatetimeField(null=True)
    recorded_by_id = fields.UUIDField(null=True)

    class Meta:
        table = "recalled_expert"
        unique_together = (("draw_id", "expert_id"),)


class RecusalCommitment(Row):
    """The recusals as a round committed to them: ``root`` is published, ``opening_sealed`` holds salts and entries."""

    draw: Any = fields.ForeignKeyField("models.Draw", on_delete=fields.RESTRICT, related_name="commitments")
    draw_id: UUID
    round_number = fields.IntField()
    root = fields.CharField(64)
    opening_sealed = fields.TextField()

    class Meta:
        table = "recusal_commitment"
        unique_together = (("draw_id", "round_number"),)


class UsageCount(Row):
    """Daily counter of a limited action: ``kind`` preview or draft, of a project or an organisation."""

    kind = fields.CharField(20)
    subject_id = fields.UUIDField()
    day = fields.CharField(8)
    used = fields.IntField(default=0)

    class Meta:
        table = "usage_count"
        unique_together = (("kind", "subject_id", "day"),)


class CallNotice(Row):
    """The notice with which experts are called (语音通知): venue, address, room, gathering time, contact.

    ``position`` is its number, which the record publishes; unique within a draw (database rule).
    """

    draw: Any = fields.ForeignKeyField("models.Draw", on_delete=fields.RESTRICT, related_name="call_notices")
    draw_id: UUID
    position = fields.IntField(default=0)
    venue = fields.CharField(100)
    address = fields.CharField(200)
    room = fields.CharField(50, default="")
    gathering_at = fields.DatetimeField()
    contact = fields.CharField(50)
    contact_phone_sealed = fields.TextField(default="", db_default="")
    remark = fields.CharField(200, default="")

    class Meta:
        table = "call_notice"


class Condition(Row):
    """A draw condition (抽取条件) and its counters; ``open + accepted <= needed`` is a CHECK.

    ``needed`` counts the places to fill now; ``tier`` and ``cursor`` say how far the order has been walked in round
    ``round_number``.
    """

    draw: Any = fields.ForeignKeyField("models.Draw", on_delete=fields.RESTRICT, related_name="conditions")
    draw_id: UUID
    notice: Any = fields.ForeignKeyField("models.CallNotice", on_delete=fields.RESTRICT, related_name="conditions")
    notice_id: UUID
    position = fields.IntField()
    region_mode = fields.CharField(12)
    """permanent (常驻地) or willing (意愿评标地)."""
    regions: list[str] = text_array()
    specialty = fields.CharField(12)
    alternative = fields.CharField(12, default="")
    title_level = fields.CharField(20, default="")
    qualification = fields.CharField(32, default="")
    department = fields.CharField(20, default="")
    emergency = fields.BooleanField(default=False, db_default=False)
    """Only experts who agreed to emergency calls (应急专家)."""
    planned = fields.IntField()
    needed = fields.IntField()
    open = fields.IntField(default=0)
    accepted = fields.IntField(default=0)
    round_number = fields.IntField(default=0)
    tier = fields.CharField(12, default="main")
    cursor = fields.IntField(default=0)
    exhausted = fields.BooleanField(default=False)

    class Meta:
        table = "draw_condition"
        unique_together = (("draw_id", "position"),)


class DrawApplication(Row):
    """An agency's request for verification (核验) of a draw; ``state`` submitted, withdrawn, approved or refused."""

    draw: Any = fields.ForeignKeyField("models.Draw", on_delete=fields.RESTRICT, related_name="applications")
    draw_id: UUID
    kind = fields.CharField(12)
    reason = fields.CharField(500, default="")
    terminal = fields.CharField(64)
    attachment = fields.CharField(200, default="")
    state = fields.CharField(12, default="submitted")
    opinion = fields.CharField(500, default="")
    submitted_by_id = fields.UUIDField()
    submitted_at = fields.DatetimeField()
    withdrawn_at = fields.DatetimeField(null=True)
    decided_by_id = fields.UUIDField(null=True)
    decided_at = fields.DatetimeField(null=True)

    class Meta:
        table = "draw_application"
        indexes = (("terminal", "state"),)


class Round(Row):
    """One fixing of the order. ``secret_sealed`` is the system's secret, encrypted until the seed is fixed."""

    draw: Any = fields.ForeignKeyField("models.Draw", on_delete=fields.RESTRICT, related_name="rounds")
    draw_id: UUID
    number = fields.IntField()
    conditions: list[str] = text_array()
    """Positions of the conditions it orders, as text."""
    secret_sealed = fields.TextField()
    commitment = fields.CharField(64)
    commitments: Any = fields.JSONField(default=dict)
    """By role: hex of the participant's commitment."""
    reveals: Any = fields.JSONField(default=dict)
    seed = fields.CharField(64, default="")
    opened_at = fields.DatetimeField()
    reveal_until = fields.DatetimeField(null=True)
    start_by = fields.DatetimeField(null=True)
    """When the system starts calling by itself with the seed that was fixed."""
    aborted_at = fields.DatetimeField(null=True)

    class Meta:
        table = "draw_round"
        unique_together = (("draw_id", "number"),)


class CandidateList(Row):
    """The frozen candidates of a condition and tier. ``salts_sealed`` holds 32 random bytes per candidate, encrypted.

    ``leaves`` are 32 bytes each, sorted; ``walk`` gives, in drawn order, the index of each leaf as 4 bytes big-endian,
    once the seed is fixed; ``experts`` are 16 bytes each, sealed, in the order of ``leaves``. ``blind`` is hex and
    published with the leaves after the end.
    """

    round: Any = fields.ForeignKeyField("models.Round", on_delete=fields.RESTRICT, related_name="lists")
    round_id: UUID
    draw_id = fields.UUIDField()
    condition_position = fields.IntField()
    tier = fields.CharField(12)
    count = fields.IntField()
    root = fields.CharField(64)
    blind = fields.CharField(64)
    leaves = fields.BinaryField()
    experts_sealed = fields.TextField()
    salts_sealed = fields.TextField()
    walk = fields.BinaryField(default=b"")

    class Meta:
        table = "candidate_list"
        unique_together = (("round_id", "condition_position", "tier"),)


class ListSnapshot(Row):
    """The facts by which each candidate of a list was judged, in the order of its leaves; compressed and encrypted."""

    list_id: UUID = fields.UUIDField(unique=True)
    sealed = fields.BinaryField()

    class Meta:
        table = "list_snapshot"


class SkipFact(Row):
    """Why a candidate was skipped: the same facts at that moment, encrypted. The log shows their digest."""

    draw: Any = fields.ForeignKeyField("models.Draw", on_delete=fields.RESTRICT, related_name="skip_facts")
    draw_id: UUID
    leaf = fields.CharField(64)
    sealed = fields.TextField()

    class Meta:
        table = "skip_fact"
        unique_together = (("draw_id", "leaf"),)


class LogEntry(Row):
    """One line of the published record; ``facts`` is the whole entry as it was hashed."""

    draw: Any = fields.ForeignKeyField("models.Draw", on_delete=fields.RESTRICT, related_name="log")
    draw_id: UUID
    seq = fields.IntField()
    at = fields.DatetimeField()
    act = fields.CharField(30)
    facts: Any = fields.JSONField()
    hash = fields.CharField(64)

    class Meta:
        table = "draw_log"
        unique_together = (("draw_id", "seq"),)


class Absence(Row):
    """A place that must be filled again (人工请假 / 缺席 / 现场回避). ``handled_at``: when refilling began."""

    draw: Any = fields.ForeignKeyField("models.Draw", on_delete=fields.RESTRICT, related_name="absences")
    draw_id: UUID
    invitation: Any = fields.ForeignKeyField("models.Invitation", on_delete=fields.RESTRICT, related_name="absences")
    invitation_id: UUID
    condition: Any = fields.ForeignKeyField("models.Condition", on_delete=fields.RESTRICT, related_name="absences")
    condition_id: UUID
    kind = fields.CharField(12)
    """leave, absent or recused."""
    reason = fields.CharField(200, default="")
    source = fields.CharField(12)
    """expert (by phone), late (the same, past the time for it), moved (because of another time), declared (by a recusal
    unit) or manual (registered by the agency or the venue)."""
    registered_by_id = fields.UUIDField(null=True)
    registered_at = fields.DatetimeField()
    handled_at = fields.DatetimeField(null=True)

    class Meta:
        table = "absence"


class DiscardRequest(Row):
    """A request that an expert who has accepted give up the place; it takes effect only when confirmed.

    ``kind`` leave waits for the expert, recusal for the verifier or a supervisor; ``state`` is a
    ``domain.draws.lifecycles.DiscardState``. One open request per invitation and kind (database rule).
    """

    draw: Any = fields.ForeignKeyField("models.Draw", on_delete=fields.RESTRICT, related_name="discard_requests")
    draw_id: UUID
    invitation: Any = fields.ForeignKeyField(
        "models.Invitation", on_delete=fields.RESTRICT, related_name="discard_requests"
    )
    invitation_id: UUID
    kind = fields.CharField(12)
    cause = fields.CharField(50, default="")
    """Class of a recusal, from the rulebook's ``recusal_reasons``."""
    reason = fields.CharField(200)
    state = fields.CharField(12, default="open")
    asked_by_id = fields.UUIDField()
    asked_role = fields.CharField(16)
    asked_at = fields.DatetimeField()
    answer_until = fields.DatetimeField()
    decided_by_id = fields.UUIDField(null=True)
    decided_role = fields.CharField(16, default="")
    decided_at = fields.DatetimeField(null=True)
    opinion = fields.CharField(200, default="")

    class Meta:
        table = "discard_request"
        indexes = (("draw_id", "asked_at"), ("state", "answer_until"))
