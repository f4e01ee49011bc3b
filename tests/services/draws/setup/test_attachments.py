"""The file of a draw's request for verification."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from models.applications import Attachment
from services.applications.attachments import Attachments
from services.core.base import Actor, Deps
from services.draws.setup.attachments import DrawAttachments
from services.files import SealedFiles
from tests.factories.files import MemoryFiles, QuickChecker, pdf, with_script
from tests.factories.offices import Office, make_draw, make_office, verify


@pytest.fixture
def files() -> MemoryFiles:
    return MemoryFiles()


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


@pytest.fixture
def service(office: Office, deps: Deps, files: MemoryFiles) -> DrawAttachments:
    return DrawAttachments(deps, SealedFiles(files, deps.keys), office.access, QuickChecker())


async def test_a_file_goes_with_the_request_to_the_verifier(office: Office, service: DrawAttachments) -> None:
    draw_id = await make_draw(office)
    attached = await service.attach(office.agency, draw_id, "抽取申请表.PDF", pdf(2))
    assert (attached.filename, attached.media_type) == ("抽取申请表.pdf", "application/pdf")
    terminal = service.deps.book("demo").draw.terminals[0]
    await office.setup.submit(office.agency, draw_id, terminal, "请核验")
    [row] = (await office.verification_queries.search(office.verifier, "submitted")).items
    assert row.attachment == "抽取申请表.pdf"
    for actor in (office.verifier, office.supervisor, office.agency):
        assert (await service.open(actor, draw_id)).content == pdf(2)
    with pytest.raises(Forbidden):
        await service.open(office.venue, draw_id)


async def test_it_can_be_replaced_and_removed_until_it_is_handed_in(
    office: Office, service: DrawAttachments, deps: Deps, files: MemoryFiles, clock: FixedClock
) -> None:
    draw_id = await make_draw(office)
    first = await service.attach(office.agency, draw_id, "a.pdf", pdf())
    second = await service.attach(office.agency, draw_id, "b.pdf", pdf(2))
    attachment = await service.find(office.agency, draw_id)
    assert attachment is not None
    assert (attachment.id, first.id == second.id) == (second.id, False)
    await service.remove(office.agency, draw_id)
    await service.remove(office.agency, draw_id)
    assert await service.find(office.agency, draw_id) is None
    with pytest.raises(NotFound):
        await service.open(office.agency, draw_id)
    clock.move(timedelta(hours=1))
    assert await Attachments(deps, SealedFiles(files, deps.keys)).sweep() == 2
    assert files.contents == {}
    await service.attach(office.agency, draw_id, "c.pdf", pdf())
    await verify(office, draw_id)
    for act in (service.attach(office.agency, draw_id, "d.pdf", pdf()), service.remove(office.agency, draw_id)):
        with pytest.raises(Conflict):
            await act


@pytest.mark.parametrize(
    ("content", "code"), [(b"", "file_empty"), (b"MZ", "file_type"), (pdf(1, with_script), "file_active")]
)
async def test_what_is_no_harmless_document_is_refused(
    office: Office, service: DrawAttachments, files: MemoryFiles, content: bytes, code: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await service.attach(office.agency, await make_draw(office), "a.pdf", content)
    assert refusal.value.code == code
    assert (await Attachment.all().count(), files.contents) == (0, {})


async def test_another_agency_neither_sees_nor_changes_it(office: Office, service: DrawAttachments) -> None:
    draw_id = await make_draw(office)
    await service.attach(office.agency, draw_id, "a.pdf", pdf())
    stranger = Actor("demo", "organisation", account_id=office.venue.account_id, organisation_id=UUID(int=1))
    acts: list[Callable[[], Awaitable[object]]] = [
        lambda: service.attach(stranger, draw_id, "b.pdf", pdf()),
        lambda: service.remove(stranger, draw_id),
        lambda: service.find(stranger, draw_id),
        lambda: service.open(stranger, draw_id),
    ]
    for act in acts:
        with pytest.raises(NotFound):
            await act()
    with pytest.raises(Forbidden):
        await service.attach(office.verifier, draw_id, "b.pdf", pdf())
