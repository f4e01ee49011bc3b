"""Export of personal data, and its deletion where the law allows."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, InvalidInput, NotFound, Unauthenticated
from models.accounts import Account, Session, VerificationCode, WechatIdentity
from models.applications import Application, ApplicationSection, Attachment, PrintedForm
from models.experts import Expert
from models.incoming_calls import IncomingCall
from models.invitations import Invitation
from models.notices import Attempt, Notice
from models.organisations import AgentLink
from models.remuneration import Remuneration
from models.reviews import ReviewSubstitution
from services.accounts.wechat_binding import WechatBinding
from services.applications.attachments import REMOVED_TTL, Attachments
from services.applications.documents import Documents
from services.applications.repository import seal_values
from services.core.base import Actor, Deps
from services.draws import IncomingCalls
from services.files import Previews, SealedFiles
from services.files.garbage_collection import ORPHAN_TTL, FileGarbageCollector
from services.notifications import Notices
from services.notifications.helpdesk import HelpDesk
from services.operations.privacy import Privacy
from services.ports import IncomingCallEvent
from tests.drivers.waiting import eventually
from tests.factories.applicants import make_applicant, make_application
from tests.factories.applications import attach
from tests.factories.assembly import composed
from tests.factories.attachments import upload_file
from tests.factories.draws import make_draw, make_invitation, make_project
from tests.factories.files import MemoryFiles, PlainRenderer, QuickChecker, jpeg
from tests.factories.people import make_account, make_agent_link, make_expert, make_identity, make_organisation
from tests.factories.sources import PHONE
from tests.services.conftest import NoticeBook

pytestmark = pytest.mark.usefixtures("db")
MOBILE = "13812345678"


@pytest.fixture
def privacy(deps: Deps, book: NoticeBook) -> Privacy:
    return composed(Privacy, deps, notices=book)


@pytest.fixture
async def expert(db: str, deps: Deps) -> Expert:
    account = await make_account(deps, MOBILE)
    await make_identity(account)
    return await make_expert(deps, MOBILE, account=account, id_number="11010519491231002X")


@pytest.fixture
async def actor(expert: Expert) -> Actor:
    return Actor("demo", "expert", expert.account_id, expert.id)


async def _code(deps: Deps, book: NoticeBook) -> str:
    await composed(WechatBinding, deps, notices=book).send_code("demo", MOBILE, "privacy", source=PHONE)
    return book.last_code(MOBILE)


async def _notice(deps: Deps, account: Account, state: str, dedupe_key: str) -> Notice:
    return await Notice.create(
        pool="demo",
        kind="account_bound",
        account_id=account.id,
        mobile_sealed=account.mobile_sealed,
        state=state,
        dedupe_key=dedupe_key,
        created_at=account.created_at,
    )


async def test_one_s_own_data_comes_whole_and_in_clear(
    privacy: Privacy, actor: Actor, deps: Deps, book: NoticeBook
) -> None:
    export = await privacy.export(actor, await _code(deps, book))
    assert export["account"]["mobile"] == MOBILE
    assert export["expert"]["id_number"] == "11010519491231002X"
    assert [identity["app"] for identity in export["wechat"]] == ["oa"]
    assert json.loads(json.dumps(export)) == export


async def test_what_was_owed_for_panels_comes_along(
    privacy: Privacy, actor: Actor, expert: Expert, deps: Deps, book: NoticeBook
) -> None:
    draw = await make_draw(await make_project((await make_organisation()).id, (await make_account(deps)).id))
    invitation = await make_invitation(draw, expert)
    await Remuneration.create(
        pool="demo",
        draw_id=draw.id,
        invitation_id=invitation.id,
        expert_id=expert.id,
        state="paid",
        lines=[{"code": "by_hand", "amount": 30000, "words": "按约定"}],
        amount=30000,
        proposed_by_id=draw.agent_id,
        proposed_at=deps.now(),
        paid_on=deps.now().date(),
        paid_way="现金",
    )
    export = await privacy.export(actor, await _code(deps, book))
    [owed] = export["expert"]["remunerations"]
    assert (owed["amount"], owed["paid_on"], owed["lines"][0]["words"]) == (30000, "2026-11-21", "按约定")
    assert json.loads(json.dumps(export)) == export


async def test_but_only_with_a_code(privacy: Privacy, actor: Actor, deps: Deps, book: NoticeBook) -> None:
    code = await _code(deps, book)
    with pytest.raises(InvalidInput, match="4次"):
        await privacy.export(actor, "000000" if code != "000000" else "111111")
    with pytest.raises(Unauthenticated):
        await privacy.export(Actor("demo", "guest"), code)


async def test_deleting_leaves_nothing_that_leads_to_the_person_but_the_file(
    privacy: Privacy, actor: Actor, expert: Expert, deps: Deps, book: NoticeBook, clock: FixedClock
) -> None:
    account = await Account.get(id=actor.account_id)
    organisation = await make_organisation(legal_account_id=account.id)
    await make_agent_link(organisation, account)
    colleague = await make_account(deps)
    for absent, substitute in ((account, colleague), (colleague, account)):
        await ReviewSubstitution.create(
            pool="demo",
            account_id=absent.id,
            substitute_id=substitute.id,
            starts_at=deps.now(),
            ends_at=deps.now() + timedelta(days=9),
            created_at=deps.now(),
        )
    done = await _notice(deps, account, "done", "a")
    calls = composed(IncomingCalls, deps)
    for call_id, caller in (("own", MOBILE), ("other", "13999990000")):
        await calls.handle(IncomingCallEvent(call_id, "057156210001", caller, "begun"))
    deleted = await privacy.delete(actor, await _code(deps, book))
    assert await IncomingCall.all().values_list("call_id", flat=True) == ["other"]
    assert any("依法" in sentence for sentence in deleted.retained)
    account = await Account.get(id=actor.account_id)
    assert (account.mobile_sealed, account.real_name, account.disabled_at) == ("", "", clock.now())
    assert account.mobile_hash == f"deleted:{account.id}"
    assert not await WechatIdentity.exists()
    assert not await VerificationCode.exists()
    assert not await Session.exists(revoked_at=None)
    assert (await AgentLink.get()).revoked_at is not None
    assert not await ReviewSubstitution.exists(ended_at=None)
    assert (await Notice.get(id=done.id)).mobile_sealed == ""
    stored_expert = await Expert.get(id=expert.id)
    assert (stored_expert.name, stored_expert.account_id, stored_expert.left_at) == (
        "欧阳锋",
        None,
        clock.now(),
    )
    assert deps.keys.open_text(stored_expert.id_number_sealed, "id_number") == "11010519491231002X"


async def test_the_number_hears_of_it_once_and_is_forgotten_then(deps: Deps, actor: Actor, book: NoticeBook) -> None:
    """A stranger with the unlocked phone could close the account without a trace."""
    code = await _code(deps, book)
    await composed(Privacy, deps).delete(actor, code)
    notice = await Notice.get(kind="account_closed")
    assert (notice.account_id, deps.keys.open_text(notice.mobile_sealed, "mobile")) == (None, MOBILE)
    assert notice.params == {"at": "2026年11月21日 12:00", "hotline": "400-000-0000"}
    await Attempt.filter(notice_id=notice.id).update(state="delivered", closed_at=deps.now())
    await composed(Notices, deps).advance(notice.id)
    await notice.refresh_from_db()
    assert (notice.state, notice.mobile_sealed) == ("done", "")


async def test_a_repeat_gets_the_same_answer(privacy: Privacy, actor: Actor, deps: Deps, book: NoticeBook) -> None:
    code = await _code(deps, book)
    deleted = await privacy.delete(actor, code, key="k")
    assert await privacy.delete(actor, code, key="k") == deleted
    with pytest.raises(Unauthenticated):
        await privacy.delete(actor, code)


async def test_after_deleting_one_may_begin_anew(
    privacy: Privacy, actor: Actor, expert: Expert, deps: Deps, book: NoticeBook, clock: FixedClock
) -> None:
    await privacy.delete(actor, await _code(deps, book))
    accounts, identity = composed(WechatBinding, deps, notices=book), await make_identity()
    clock.move(timedelta(minutes=2))
    await accounts.send_code("demo", MOBILE, source=PHONE)
    bound = await accounts.bind(identity.id, "demo", MOBILE, book.last_code(MOBILE), "2026-11")
    assert bound.account_id != actor.account_id
    left = await Expert.get(id=expert.id)
    assert (left.account_id, left.left_reason) == (None, "本人注销账号")


@pytest.mark.parametrize("state", ["open", "accepted"])
async def test_an_expert_with_a_panel_ahead_may_not_delete_the_data(
    privacy: Privacy, actor: Actor, expert: Expert, deps: Deps, book: NoticeBook, state: str
) -> None:
    organisation, agent = await make_organisation(), await make_account(deps)
    draw = await make_draw(await make_project(organisation.id, agent.id))
    await make_invitation(draw, expert, state=state)
    code = await _code(deps, book)
    with pytest.raises(Conflict, match="评标活动"):
        await privacy.delete(actor, code)
    await Invitation.all().update(state="declined")
    await privacy.delete(actor, code)
    assert await Invitation.all().count() == 1


async def test_an_agent_with_a_running_draw_stays(
    privacy: Privacy, actor: Actor, deps: Deps, book: NoticeBook, clock: FixedClock
) -> None:
    organisation = await make_organisation()
    await make_draw(await make_project(organisation.id, actor.account_id), started_at=clock.now())
    code = await _code(deps, book)
    with pytest.raises(Conflict, match="抽取活动"):
        await privacy.delete(actor, code)


async def test_a_registered_persons_numbers_and_password_come_along_and_go(
    privacy: Privacy, deps: Deps, book: NoticeBook, clock: FixedClock
) -> None:
    number = "411303199001016930"
    account = await make_account(
        deps,
        MOBILE,
        id_number_sealed=deps.keys.seal(number, "id_number"),
        password_hash="$argon2id$x",
        id_number_hash=deps.keys.lookup_hash("id_number", number),
        registered_at=deps.now(),
    )
    actor = Actor("demo", "applicant", account.id)
    export = await privacy.export(actor, await _code(deps, book))
    assert export["account"]["id_number"] == number
    assert "argon2" not in json.dumps(export)
    clock.move(timedelta(minutes=2))
    await privacy.delete(actor, await _code(deps, book))
    await account.refresh_from_db()
    assert (account.id_number_sealed, account.id_number_hash, account.registered_at) == ("", None, None)
    assert account.password_hash == ""
    await make_account(
        deps, MOBILE, id_number_hash=deps.keys.lookup_hash("id_number", number), registered_at=deps.now()
    )


async def test_an_account_with_an_open_application_can_not_be_closed(
    privacy: Privacy, deps: Deps, book: NoticeBook
) -> None:
    account, now = await make_account(deps, MOBILE), deps.now()
    await Application.create(
        pool="demo",
        number="SQ1",
        account_id=account.id,
        entry_type="first",
        state="draft",
        state_since=now,
        created_at=now,
    )
    with pytest.raises(Conflict, match="申请"):
        await privacy.delete(Actor("demo", "applicant", account.id), await _code(deps, book))


async def test_applications_come_along_and_those_never_handed_in_go(
    privacy: Privacy, deps: Deps, book: NoticeBook, clock: FixedClock
) -> None:
    account, now = await make_account(deps, MOBILE), deps.now()
    actor = Actor("demo", "applicant", account.id)
    given_up, refused = [
        await Application.create(
            pool="demo",
            number=number,
            account_id=account.id,
            entry_type="first",
            state=state,
            state_since=now,
            created_at=now,
            ended_at=now,
            submitted_at=submitted_at,
            name="苏航",
        )
        for number, state, submitted_at in (("SQ1", "cancelled", None), ("SQ2", "refused", now))
    ]
    for application in (given_up, refused):
        sealed = seal_values(deps, {"address": f"解放路{application.number}号"})
        await ApplicationSection.create(application_id=application.id, code="basic", values_sealed=sealed, saved_at=now)
        await attach(deps, application.id, "photo", filename=f"{application.number}.jpg")
    await HelpDesk(deps).write(actor, "建议延长公示")
    export = await privacy.export(actor, await _code(deps, book))
    assert [(exported["number"], exported["values"], exported["files"]) for exported in export["applications"]] == [
        ("SQ1", {"address": "解放路SQ1号"}, ["SQ1.jpg"]),
        ("SQ2", {"address": "解放路SQ2号"}, ["SQ2.jpg"]),
    ]
    assert (export["feedback"][0]["text"], json.loads(json.dumps(export))) == ("建议延长公示", export)
    clock.move(timedelta(minutes=2))
    done = await privacy.delete(actor, await _code(deps, book))
    assert any("已提交的入库申请" in line for line in done.retained)
    assert await ApplicationSection.all().values_list("application_id", flat=True) == [refused.id]
    assert await Attachment.filter(state="ready").values_list("application_id", flat=True) == [refused.id]
    await given_up.refresh_from_db()
    assert given_up.name == ""


async def test_nothing_of_a_draft_that_was_given_up_stays_in_the_store(
    privacy: Privacy, deps: Deps, book: NoticeBook, clock: FixedClock
) -> None:
    """Attachments, one whole and one half sent, and every print of it; what was handed in is an archive."""
    files = MemoryFiles(clock)
    store = SealedFiles(files, deps.keys)
    attachments, documents = (
        Attachments(deps, store, QuickChecker()),
        Documents(deps, store, Previews(store, QuickChecker()), PlainRenderer()),
    )
    draft = await make_applicant(deps, mobile=MOBILE)
    application = await make_application(
        deps, draft.account, state="refused", ended_at=deps.now(), submitted_at=deps.now()
    )
    await documents.print_form(draft.actor, application.id)
    archived = set(files.contents)
    await upload_file(attachments, draft.actor, draft.id, "photo", filename="a.jpg", content=jpeg())
    begun = await attachments.begin(draft.actor, draft.id, "id_card_front", filename="b.jpg", size=5000)
    await attachments.append(draft.actor, begun.id, 0, jpeg()[:1000])
    printed = await documents.print_form(draft.actor, draft.id)
    await Application.filter(id=draft.id).update(version=2)
    await documents.print_form(draft.actor, draft.id)
    assert len(files.contents) == 7
    await Application.filter(id=draft.id).update(state="cancelled", ended_at=deps.now())

    await privacy.delete(draft.actor, await _code(deps, book))
    clock.move(REMOVED_TTL)
    await FileGarbageCollector(deps, store, clock).remove_due()
    await attachments.sweep()
    assert set(files.contents) == archived
    with pytest.raises(NotFound):
        await documents.verify(printed.code)


async def test_a_print_that_was_being_made_meanwhile_is_found_by_the_search(
    privacy: Privacy, deps: Deps, book: NoticeBook, clock: FixedClock
) -> None:
    files = MemoryFiles(clock)
    store = SealedFiles(files, deps.keys)
    documents, collector = (
        Documents(deps, store, Previews(store, QuickChecker()), PlainRenderer()),
        FileGarbageCollector(deps, store, clock),
    )
    draft = await make_applicant(deps, mobile=MOBILE)
    files.pause = asyncio.Event()
    printing = asyncio.create_task(documents.print_form(draft.actor, draft.id))
    await eventually(PrintedForm.exists)
    await Application.filter(id=draft.id).update(state="cancelled", ended_at=deps.now())
    await privacy.delete(draft.actor, await _code(deps, book))
    await collector.remove_due()
    files.pause.set()
    await printing
    assert len(files.contents) == 1
    clock.move(ORPHAN_TTL + timedelta(seconds=1))
    await collector.search_store()
    assert files.contents == {}
