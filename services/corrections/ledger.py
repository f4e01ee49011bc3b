"""The record of corrections: who did what for which reason, on which evidence, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.errors import Conflict, InvalidInput, NotFound
from domain.experts.corrections import CorrectionKind, CorrectionState
from models.corrections import Correction
from services.core.base import Actor, Deps, record, transaction
from services.core.crypto import Keyring
from services.core.permissions import check
from services.core.short_texts import check_text
from services.corrections.persons import Person
from services.files import NO_EVIDENCE, EvidenceFiles, FileLost, StoredEvidence

REASON_MAX = 200
PURPOSE = "correction"


@dataclass(frozen=True)
class Upload:
    """A file as sent by the form."""

    content: bytes
    filename: str


@dataclass(frozen=True)
class EvidenceFile:
    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class CorrectionEvidence:
    deps: Deps
    files: EvidenceFiles

    async def open(self, actor: Actor, correction_id: UUID) -> EvidenceFile:
        """The evidence of a correction; the access is logged. Raises NotFound."""
        check(actor, "person.manage")
        correction = await Correction.get_or_none(id=correction_id, pool=actor.pool)
        if correction is None or not correction.evidence_key:
            raise NotFound("找不到这份依据，请刷新页面。", code="evidence_unknown")
        try:
            content = await self.files.read(correction.evidence_key)
        except FileLost as lost:
            raise NotFound("这份依据已不在文件库中，请联系技术人员。", code="evidence_lost") from lost
        async with transaction():
            await record(actor, self.deps.now(), "correction.evidence", "correction", correction.id)
        return EvidenceFile(correction.evidence_name, correction.evidence_type, content)


def check_upload(upload: Upload) -> Upload:
    """Raises InvalidInput for none."""
    if not upload.content:
        raise InvalidInput("请上传依据的照片或扫描件。", code="no_evidence", field="file")
    return upload


def check_reason(reason: str) -> str:
    """Raises InvalidInput."""
    return check_text(" ".join(reason.split()), "reason", "原因", REASON_MAX, required=True)


async def write(
    deps: Deps,
    actor: Actor,
    person: Person,
    kind: CorrectionKind,
    reason: str,
    *,
    values: Mapping[str, object] | None = None,
    evidence: StoredEvidence = NO_EVIDENCE,
    until: datetime | None = None,
    mobile_hash: str = "",
    waits: bool = False,
) -> Correction:
    """A correction in force, or one that ``waits``, with its audit entry; inside the caller's transaction."""
    now = deps.now()
    correction = await Correction.create(
        pool=actor.pool,
        kind=kind.value,
        state=(CorrectionState.WAITING if waits else CorrectionState.DONE).value,
        account_id=person.account_id,
        expert_id=person.expert_id,
        values_sealed=deps.keys.seal(json.dumps(values or {}, ensure_ascii=False, sort_keys=True), PURPOSE),
        mobile_hash=mobile_hash,
        reason=reason,
        evidence_key=evidence.key,
        evidence_name=evidence.name,
        evidence_type=evidence.media_type,
        begun_by=actor.account_id,
        begun_at=now,
        until=until,
        ended_at=None if waits else now,
    )
    await _record(actor, now, correction, "begin" if waits else "done")
    return correction


async def end(
    deps: Deps, actor: Actor, correction: Correction, state: CorrectionState, *, by: UUID | None, note: str = ""
) -> None:
    """End a waiting correction, whose row the caller has locked. Raises Conflict for one that has ended."""
    if correction.state != CorrectionState.WAITING:
        label = CorrectionState(correction.state).label
        raise Conflict(f"这项更正{label}，不能再办理，请刷新页面。", code="correction_ended")
    now = deps.now()
    correction.state, correction.ended_at, correction.ended_by, correction.note = state.value, now, by, note
    await correction.save(update_fields=["state", "ended_at", "ended_by", "note"])
    await _record(actor, now, correction, state.value)


def values_of(keys: Keyring, correction: Correction) -> dict[str, object]:
    """What is new; empty for a person who had the account deleted."""
    if not correction.values_sealed:
        return {}
    values: dict[str, object] = json.loads(keys.open_text(correction.values_sealed, PURPOSE))
    return values


async def lock_waiting(pool: str, correction_id: UUID) -> Correction:
    """Raises NotFound."""
    correction = await Correction.select_for_update().get_or_none(id=correction_id, pool=pool)
    if correction is None:
        raise NotFound("找不到这项更正，请刷新页面。", code="correction_unknown")
    return correction


async def _record(actor: Actor, now: datetime, correction: Correction, step: str) -> None:
    subject, subject_id = (
        ("account", correction.account_id) if correction.account_id else ("expert", correction.expert_id)
    )
    await record(
        actor,
        now,
        f"correction.{correction.kind}",
        subject,
        subject_id,
        step=step,
        correction=str(correction.id),
        reason=correction.note or correction.reason,
    )
