"""Certificates: issued once, replaced, revoked, reminded of, shown to holder, office and public."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from uuid import UUID

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from domain.ids import new_id
from models.accounts import Account
from models.certificates import Certificate
from services.certificates import CertificateServices
from services.certificates.issuing import CertificateSubject
from services.core.base import Actor, Deps, transaction
from tests.factories.assembly import composed
from tests.factories.files import PlainRenderer
from tests.factories.people import make_account
from tests.services.conftest import NoticeBook

ADMIN = Actor("demo", "pool_admin", UUID(int=7))


@pytest.fixture
def renderer() -> PlainRenderer:
    return PlainRenderer()


@pytest.fixture
def certificates(db: str, deps: Deps, book: NoticeBook, renderer: PlainRenderer) -> CertificateServices:
    return composed(CertificateServices, deps, notices=book, renderer=renderer)


@pytest.fixture
async def holder(db: str, deps: Deps) -> Actor:
    account = await make_account(deps, "13812345678")
    account.real_name, account.id_number_sealed = "测试员", deps.keys.seal("411303199001016933", "id_number")
    await account.save()
    return Actor("demo", "applicant", account.id)


def subject_of(holder: Actor, source: UUID | None = None) -> CertificateSubject:
    assert holder.account_id is not None
    return CertificateSubject("exam", holder.account_id, None, source or new_id(), (("成绩", "82分"), ("学时", "")))


async def issue(
    certificates: CertificateServices, deps: Deps, holder: Actor, source: UUID | None = None
) -> Certificate:
    async with transaction():
        certificate = await certificates.issuing.issue("demo", subject_of(holder, source), deps.now())
    assert certificate is not None
    return certificate


async def test_a_certificate_is_issued_once_for_what_it_proves(
    certificates: CertificateServices, deps: Deps, holder: Actor, book: NoticeBook
) -> None:
    source = new_id()
    first, second = await issue(certificates, deps, holder, source), await issue(certificates, deps, holder, source)
    assert first.id == second.id
    assert first.number.startswith("YS2026K-000001")
    assert [(notice.kind, notice.params["number"]) for notice in book.told] == [("certificate_issued", first.number)]
    (shown,) = await certificates.queries.own(holder)
    assert (shown.holder, shown.facts, shown.validity) == ("测试员", (("成绩", "82分"),), "valid")
    assert shown.valid_until == first.issued_at + timedelta(days=1095)


async def test_a_certificate_of_a_course_says_whether_an_examination_was_passed(
    certificates: CertificateServices, deps: Deps, holder: Actor
) -> None:
    assert holder.account_id is not None
    texts: list[str] = []
    for examined in (True, False):
        subject = CertificateSubject("course", holder.account_id, None, new_id(), (), examined=examined)
        async with transaction():
            certificate = await certificates.issuing.issue("demo", subject, deps.now())
        assert certificate is not None
        office = Actor("demo", "pool_admin", holder.account_id)
        replacing = await certificates.issuing.replace(office, certificate.id, "姓名有误")
        texts += [certificate.text, (await Certificate.get(id=replacing)).text]
    assert ["考试合格" in text for text in texts] == [True, True, False, False]


async def test_numbers_have_no_gap_though_many_are_issued_at_once_and_some_are_rolled_back(
    certificates: CertificateServices, deps: Deps, holder: Actor
) -> None:
    async def fail() -> None:
        with contextlib.suppress(RuntimeError):
            async with transaction():
                await certificates.issuing.issue("demo", subject_of(holder), deps.now())
                raise RuntimeError

    await asyncio.gather(*(issue(certificates, deps, holder) if at % 3 else fail() for at in range(12)))
    serials = sorted(certificate.number.split("-")[1][:6] for certificate in await Certificate.all())
    assert serials == [f"{at:06}" for at in range(1, 9)]


async def test_a_pool_that_issues_none_of_the_kind_issues_none(
    certificates: CertificateServices, deps: Deps, holder: Actor
) -> None:
    assert holder.account_id is not None
    account = await make_account(deps, "13912345678", pool="guangdong")
    async with transaction():
        assert (
            await certificates.issuing.issue(
                "guangdong", CertificateSubject("exam", account.id, None, new_id(), ()), deps.now()
            )
            is None
        )


async def test_who_scans_it_sees_whether_it_is_valid_and_nothing_private(
    certificates: CertificateServices, deps: Deps, holder: Actor, clock: FixedClock
) -> None:
    certificate = await issue(certificates, deps, holder)
    public = await certificates.queries.verify(certificate.token)
    assert (public.masked_holder, public.validity, public.intact) == ("测**", "valid", True)
    assert "411303199001016933" not in str(public)
    clock.move(timedelta(days=1096))
    assert (await certificates.queries.verify(certificate.token)).validity == "expired"


async def test_a_row_changed_by_hand_no_longer_agrees_with_its_digest(
    certificates: CertificateServices, deps: Deps, holder: Actor
) -> None:
    certificate = await issue(certificates, deps, holder)
    await Certificate.filter(id=certificate.id).update(facts=[["成绩", "99分"]])
    assert not (await certificates.queries.verify(certificate.token)).intact


@pytest.mark.parametrize("token", ["", "x", "YS2026K-0000017", "a" * 32, "a" * 5000])
async def test_a_number_or_a_guess_opens_nothing(certificates: CertificateServices, token: str) -> None:
    with pytest.raises(NotFound):
        await certificates.queries.verify(token)


async def test_a_new_name_is_put_on_a_new_certificate_and_the_old_code_says_so(
    certificates: CertificateServices, deps: Deps, holder: Actor
) -> None:
    old = await issue(certificates, deps, holder)
    await Account.filter(id=holder.account_id).update(real_name="测试源")
    new_id_ = await certificates.issuing.replace(ADMIN, old.id, "更名")
    new = await certificates.queries.get(ADMIN, new_id_)
    assert (new.number, new.holder, new.valid_until) == (f"{old.number}-2", "测试源", old.valid_until)
    assert (await certificates.queries.verify(old.token)).validity == "replaced"
    with pytest.raises(Conflict, match="已换发"):
        await certificates.issuing.replace(ADMIN, old.id, "再换")
    with pytest.raises(Conflict, match="已换发"):
        await certificates.files.file(holder, old.id, "pdf")


async def test_the_office_revokes_with_a_reason_that_the_holder_reads(
    certificates: CertificateServices, deps: Deps, holder: Actor, book: NoticeBook
) -> None:
    certificate = await issue(certificates, deps, holder)
    with pytest.raises(InvalidInput):
        await certificates.issuing.revoke(ADMIN, certificate.id, "  ")
    await certificates.issuing.revoke(ADMIN, certificate.id, "成绩作废")
    assert book.told[-1].params["reason"] == "成绩作废"
    assert (await certificates.queries.verify(certificate.token)).validity == "revoked"
    with pytest.raises(Conflict):
        await certificates.issuing.revoke(ADMIN, certificate.id, "再次")


async def test_other_persons_can_not_read_or_revoke_a_certificate(
    certificates: CertificateServices, deps: Deps, holder: Actor
) -> None:
    certificate = await issue(certificates, deps, holder)
    other = Actor("demo", "applicant", (await make_account(deps, "13912345678")).id)
    for actor in (other, Actor("hunan", "pool_admin", new_id())):
        with pytest.raises(NotFound):
            await certificates.files.file(actor, certificate.id, "pdf")
    with pytest.raises(NotFound):
        await certificates.issuing.revoke(Actor("hunan", "pool_admin", new_id()), certificate.id, "试试")
    with pytest.raises(Forbidden):
        await certificates.issuing.revoke(holder, certificate.id, "试试")


async def test_the_holder_is_reminded_once(
    certificates: CertificateServices, deps: Deps, holder: Actor, clock: FixedClock, book: NoticeBook
) -> None:
    await issue(certificates, deps, holder)
    assert await certificates.issuing.remind_ending() == 0
    clock.move(timedelta(days=1095 - 90))
    assert await certificates.issuing.remind_ending() == 1
    assert await certificates.issuing.remind_ending() == 0
    assert book.told[-1].kind == "certificate_ending"


async def test_files_are_rendered_from_the_row_and_open_by_link(
    certificates: CertificateServices, deps: Deps, holder: Actor, renderer: PlainRenderer, clock: FixedClock
) -> None:
    certificate = await issue(certificates, deps, holder)
    token = certificates.files.link(holder, certificate.id)
    assert (await certificates.files.open(token, "pdf")).filename == f"{certificate.number}.pdf"
    assert (await certificates.files.open(token, "png")).media_type == "image/png"
    document, content = renderer.made[-1]
    assert document == "certificate"
    assert content["qr"] == f"{deps.public_url}/c/{certificate.token}"
    assert content["holder"] == "测试员"
    with pytest.raises(NotFound):
        await certificates.files.open(token, "exe")
    clock.move(timedelta(minutes=11))
    with pytest.raises(Forbidden):
        await certificates.files.open(token, "pdf")


async def test_the_office_finds_by_number_or_name(certificates: CertificateServices, deps: Deps, holder: Actor) -> None:
    certificate = await issue(certificates, deps, holder)
    for word in (certificate.number, certificate.number.lower(), "测试", ""):
        assert [item.id for item in (await certificates.queries.page(ADMIN, search=word)).items] == [certificate.id]
    assert (await certificates.queries.page(ADMIN, search="李")).total == 0
    assert (await certificates.queries.page(ADMIN, state="revoked")).total == 0
