"""Issuing, replacing and revoking certificates (颁发、换发、撤销)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.certificates.contents import Contents, digest
from domain.certificates.lifecycles import CERTIFICATE, CertificateEvent, CertificateState
from domain.certificates.numbers import make_number, next_issue
from domain.clock import local, print_date
from domain.errors import NotFound
from domain.ids import new_id
from domain.masking import mask_id_number
from domain.rulebook.certificates import CertificateKind, CourseCertificate
from models.accounts import Account
from models.certificates import Certificate
from services.core.base import Actor, Deps, record, rows, system, transaction
from services.core.due_rows import process_each
from services.core.permissions import check
from services.core.short_texts import check_no_link, check_text
from services.notifications import Notices

Kind = Literal["exam", "course"]
REASON_MAX = 200
_TOKEN_BYTES = 24
_SERIAL = """
INSERT INTO certificate_serial AS s (id, pool, letter, year, issued) VALUES ($1, $2, $3, $4, 1)
ON CONFLICT (pool, letter, year) DO UPDATE SET issued = s.issued + 1 RETURNING issued
"""
"""The row stays locked until the transaction ends, so numbers have no gap; a sequence loses rolled-back ones."""
_ENDING = """
SELECT id FROM certificate
 WHERE pool = $1 AND state = 'valid' AND reminded_at IS NULL AND valid_until > $2 AND valid_until <= $3
 ORDER BY valid_until LIMIT 500
"""


@dataclass(frozen=True)
class CertificateSubject:
    """Data of a certificate to issue. ``source_id`` is the candidate or the enrolment: one valid certificate for each.

    ``facts``: pairs of label and value in addition to those on every certificate. ``examined``: an examination was
    passed; a certificate of a course says so only then.
    """

    kind: Kind
    account_id: UUID
    expert_id: UUID | None
    source_id: UUID
    facts: Sequence[tuple[str, str]]
    examined: bool = False


@dataclass(frozen=True)
class Issuing:
    deps: Deps
    notices: Notices

    async def issue(self, pool: str, subject: CertificateSubject, now: datetime) -> Certificate | None:
        """Issue a certificate in the caller's transaction and notify the holder; a second call returns the same one.

        None where the pool issues none of this kind. Raises NotFound for an unknown account.
        """
        rules = self._rules(pool, subject.kind)
        if rules is None:
            return None
        existing = (
            await Certificate.filter(kind=subject.kind, source_id=subject.source_id).order_by("-issued_at").first()
        )
        if existing is not None:
            return existing
        account = await Account.get_or_none(id=subject.account_id, pool=pool)
        if account is None:
            raise NotFound("没有这位持证人，请核对。", code="unknown_account")
        number = await self._next_number(pool, rules, now)
        facts = tuple((label, value) for label, value in subject.facts if value)
        text = _text_of(rules, examined=subject.examined)
        certificate = await self._create(account, subject, rules, text, number, facts, now)
        await record(system(pool), now, "certificate.issue", "certificate", certificate.id, number=number)
        await self.notices.notify(
            pool=pool,
            kind="certificate_issued",
            dedupe_key=f"certificate:{certificate.id}",
            account_id=account.id,
            params={"title": certificate.title, "number": number},
        )
        return certificate

    async def replace(self, actor: Actor, certificate_id: UUID, reason: str) -> UUID:
        """Issue it again with the holder's present name and ID number; returns the new one's id.

        The number gets a suffix, the old QR code shows that it was replaced. Raises NotFound, Conflict, InvalidInput.
        """
        check(actor, "certificate.manage")
        words, now = _check_reason(reason), self.deps.now()
        async with transaction():
            old_certificate = await self._end_certificate(actor, certificate_id, CertificateEvent.REPLACE, words, now)
            account = await Account.get(id=old_certificate.account_id)
            kind: Kind = "exam" if old_certificate.kind == "exam" else "course"
            subject = CertificateSubject(
                kind, old_certificate.account_id, old_certificate.expert_id, old_certificate.source_id, ()
            )
            rules = self._rules(old_certificate.pool, kind) or CertificateKind(
                title=old_certificate.title, letter="Z", text=old_certificate.text
            )
            facts = tuple((str(label), str(value)) for label, value in old_certificate.facts)
            number = next_issue(old_certificate.number)
            # the sentence stays, since it says what was passed
            new_certificate = await self._create(
                account, subject, rules, old_certificate.text, number, facts, now, old_certificate
            )
            await record(
                actor,
                now,
                "certificate.replace",
                "certificate",
                old_certificate.id,
                reason=words,
                number=new_certificate.number,
            )
            await self.notices.notify(
                pool=old_certificate.pool,
                kind="certificate_issued",
                dedupe_key=f"certificate:{new_certificate.id}",
                account_id=account.id,
                params={"title": new_certificate.title, "number": new_certificate.number},
            )
        return new_certificate.id

    async def revoke(self, actor: Actor, certificate_id: UUID, reason: str) -> None:
        """Raises NotFound, InvalidInput without a reason, Conflict for one that was replaced or revoked before."""
        check(actor, "certificate.manage")
        words, now = _check_reason(reason), self.deps.now()
        async with transaction():
            old_certificate = await self._end_certificate(actor, certificate_id, CertificateEvent.REVOKE, words, now)
            await record(actor, now, "certificate.revoke", "certificate", old_certificate.id, reason=words)
            await self.notices.notify(
                pool=old_certificate.pool,
                kind="certificate_revoked",
                dedupe_key=f"certificate_revoked:{old_certificate.id}",
                account_id=old_certificate.account_id,
                params={"title": old_certificate.title, "number": old_certificate.number, "reason": words},
            )

    async def remind_ending(self) -> int:
        """Notify each holder once that a certificate ends soon; returns how many were due."""
        now, count = self.deps.now(), 0
        for pool, book in self.deps.rulebooks.items():
            due = await rows(_ENDING, pool, now, now + book.certificate.expiry_notice)
            count += await process_each("certificate_ending", due, lambda row: self._remind_holder(row["id"], now))
        return count

    # ---- helpers

    def _rules(self, pool: str, kind: Kind) -> CertificateKind | None:
        rules = self.deps.book(pool).certificate
        return rules.exam if kind == "exam" else rules.course

    async def _next_number(self, pool: str, rules: CertificateKind, now: datetime) -> str:
        year = local(now).year
        serial_rows = await rows(_SERIAL, new_id(), pool, rules.letter, year)
        return make_number(self.deps.book(pool).certificate.prefix, year, rules.letter, serial_rows[0]["issued"])

    async def _create(
        self,
        account: Account,
        subject: CertificateSubject,
        rules: CertificateKind,
        text: str,
        number: str,
        facts: tuple[tuple[str, str], ...],
        now: datetime,
        replaced: Certificate | None = None,
    ) -> Certificate:
        book = self.deps.book(account.pool)
        until = replaced.valid_until if replaced else now + rules.valid_for if rules.valid_for else None
        id_number = self.deps.keys.open_text(account.id_number_sealed, "id_number") if account.id_number_sealed else ""
        contents = Contents(
            number,
            rules.title,
            account.real_name,
            mask_id_number(id_number),
            book.certificate.issuer or book.pool.name,
            facts,
            now,
            until,
        )
        return await Certificate.create(
            pool=account.pool,
            kind=subject.kind,
            number=number,
            token=secrets.token_urlsafe(_TOKEN_BYTES),
            account_id=account.id,
            expert_id=subject.expert_id,
            source_id=subject.source_id,
            title=contents.title,
            text=text,
            holder=contents.holder,
            masked_id_number=contents.masked_id_number,
            issuer=contents.issuer,
            facts=[list(pair) for pair in facts],
            digest=digest(contents),
            issued_at=now,
            valid_until=until,
            replaces_id=replaced.id if replaced else None,
        )

    async def _end_certificate(
        self, actor: Actor, certificate_id: UUID, event: CertificateEvent, reason: str, now: datetime
    ) -> Certificate:
        certificate = await Certificate.select_for_update().get_or_none(id=certificate_id, pool=actor.pool)
        if certificate is None:
            raise NotFound("没有这张证书，请返回列表核对。", code="unknown_certificate")
        certificate.state = CERTIFICATE.next(CertificateState(certificate.state), event)
        certificate.ended_at, certificate.ended_by, certificate.reason = now, actor.account_id, reason
        await certificate.save(update_fields=["state", "ended_at", "ended_by", "reason"])
        return certificate

    async def _remind_holder(self, certificate_id: UUID, now: datetime) -> None:
        async with transaction():
            certificate = await Certificate.select_for_update().get(id=certificate_id)
            if (
                certificate.state != CertificateState.VALID
                or certificate.reminded_at is not None
                or certificate.valid_until is None
            ):
                return
            certificate.reminded_at = now
            await certificate.save(update_fields=["reminded_at"])
            await self.notices.notify(
                pool=certificate.pool,
                kind="certificate_ending",
                dedupe_key=f"certificate_ending:{certificate.id}",
                account_id=certificate.account_id,
                params={
                    "title": certificate.title,
                    "number": certificate.number,
                    "until": print_date(certificate.valid_until),
                },
            )


def _text_of(rules: CertificateKind, *, examined: bool) -> str:
    if isinstance(rules, CourseCertificate) and not examined:
        return rules.text_without_exam
    return rules.text


def _check_reason(text: str) -> str:
    words = check_text(" ".join(text.split()), "reason", "原因", REASON_MAX, required=True)
    return check_no_link(words, "reason", "原因")
