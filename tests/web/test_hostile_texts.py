"""Texts with scripts, attributes, formulas or Typst code stay plain text on every page, document and sheet."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from string import Formatter

import pytest
from openpyxl import load_workbook
from openpyxl.cell.cell import Cell, MergedCell
from pypdf import PdfReader
from tortoise import fields
from tortoise.models import Model

from domain.clock import local
from gateways.document_renderer import TypstRenderer
from models import draws, invitations, projects, remuneration
from models.draws import CallNotice, Condition, Draw
from models.experts import Expert
from models.office_sheets import OfficeSheet
from models.reviews import ReviewTask
from services.core.base import Actor
from services.registry import Services
from tests.factories.integrations import make_platform
from tests.factories.reports import make_report
from tests.web.conftest import Visitor, World
from tests.web.hostile_scene import EVIL, TYPED, HostileScene, make_hostile_scene

LEFT_OUT = re.compile(
    r"/events$|/static/|/back$|callback$|\.py$|\{form\}|/templates/|/import|/catalogues/|/attachment|/evidence$|(?<!pool\})/files?/|/code$"
    r"|/h5/(wechat|mini|identity|login|register|forgot|role|pay-wechat|pdf|receipt|certificate|exam-picture)|/office/files"
    r"|exams|courses|certificates|/office/(bank|exports/\{token)|^/[cnpx]/|/pay|/v/(in|back)|\{command\}|/invoices/"
)
"""Streams, files that were handed in, steps of log-ins and payments, and nouns whose texts have tests of their own."""
_CUT = '{{7*7}}#eval("1+1'
"""As much of the text as the shortest column holds."""


SHOWN = (
    *("/agency", "/agency/draws", "/agency/projects", "/agency/projects/{id}", "/agency/draws/{id}/application.pdf"),
    *(f"/agency/draws/{{id}}/{page}" for page in ("basic", "recusal", "submit", "run", "result", "release", "notify")),
    *(f"/agency/draws/{{id}}/{page}" for page in ("redraw", "recall", "remuneration", "remuneration.xlsx", "log")),
    *("/agency/draws/{id}/notices/{part}", "/agency/remuneration/{month}.xlsx"),
    *(
        f"/draws/{{draw_id}}/{page}"
        for page in ("application", "attendance", "absences", "exit", "result", "remuneration")
    ),
    *(
        f"/draws/{{draw_id}}/{page}"
        for page in ("result.pdf", "attendance.pdf", "record.pdf", "release", "log", "audit")
    ),
    *("/draws", "/draws/applications", "/draws/{draw_id}", "/draw/{token}", "/i/{link}", "/h5/notices"),
    *(
        "form.pdf",
        "commitment.pdf",
        "information.pdf",
        "/h5/{pool}/remuneration",
        "/h5/{pool}/file",
        "/h5/{pool}/file/bank",
        "/h5/{pool}/file/recusal",
        "/h5/{pool}/periods",
        "/h5/{pool}/sanctions",
        "/h5/{pool}/apply/status",
    ),
    *("/h5/{pool}/panels", "/h5/{pool}/feedback/{thread_id}"),
    *("/h5/{pool}/materials", "/h5/{pool}/notice"),
    *("/review", "/review/{task_id}", "/review/{task_id}/all"),
    *("/office/applications", "/office/applications/{id}", "/office/exports/{what}.xlsx", "/office/experts"),
    *("/office/experts/terms", "/office/experts/terms/{id}"),
    *("/office/experts/{id}", "/office/sanctions", "/office/sanctions/sheets", "/office/sanctions/sheets/{id}"),
    *(
        "/office/campaigns",
        "/office/campaigns/{id}",
        "/office/employers",
        "/office/employers/requests",
        "/office/staff",
    ),
    *("/office/supervisors", "/office/objections", "/office/notices", "/office/invoices"),
    *(
        "/office/reconciliation/{id}",
        "/office/remuneration",
        "/office/feedback/{thread_id}",
        "/office/misunderstood",
        "/office/paraphrases",
        "/office/group-notices",
        "/office/materials",
    ),
    *("/office/group-notices/{id}", "/h5/{pool}/announcements/{id}"),
)
"""Pages that must show the texts, so that the test can't pass without them."""


class Elements(HTMLParser):
    """Elements that unescaped texts would become in a browser, and all visible text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "x-evil" or "onevil" in dict(attrs):
            self.found.append(f"{tag} {attrs}")
        self.words += [value for name, value in attrs if name in ("value", "aria-label", "content") and value]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@dataclass(frozen=True)
class Read:
    """``shown``: the text is shown with every character as typed."""

    shown: bool = False
    wrong: tuple[str, ...] = ()


def read(content_type: str, body: bytes) -> Read:
    if content_type == "text/html":
        elements = Elements(body.decode())
        return Read(_CUT in "".join(elements.words).replace("\u200b", ""), tuple(elements.found))
    if content_type == "application/pdf":
        text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(body)).pages)
        return Read(_CUT in text.replace("\u200b", "").replace("\n", ""))
    if body.startswith(b"PK"):
        cells = [cell for sheet in load_workbook(io.BytesIO(body)) for row in sheet.iter_rows() for cell in row]
        formulas = [f"{cell.coordinate} {cell.value}" for cell in cells if _is_formula(cell)]
        return Read(any(_CUT in str(cell.value) for cell in cells), tuple(formulas))
    return Read()


def _is_formula(cell: Cell | MergedCell) -> bool:
    return cell.data_type == "f" or (isinstance(cell.value, str) and cell.value.startswith(("=", "+", "-", "@")))


async def values_of(hostile: HostileScene) -> Mapping[str, Sequence[str]]:
    """Values of the parameters of an address, by the longest beginning of the address and the parameter."""
    world, draws = hostile.world, [str(draw_id) for draw_id in hostile.draws.values()]
    public_links, agency, ended = world.public_links(), world.office.agency, hostile.draws["ended"]
    boards = [await public_links.share(agency, draw_id, "board") for draw_id in hostile.draws.values()]
    records = [
        await public_links.share(agency, hostile.draws[name], "record")
        for name in ("ended", "drawing", "recall", "redraw")
    ]
    venue, _ = await world.services.draws.attendance.venue_token(world.office.venue, hostile.draws["met"])
    task = await ReviewTask.filter(application__name__not="").order_by("-opened_at").first()
    assert task is not None
    ids = hostile.ids
    return {
        "/agency/draws/{id": draws,
        "/agency/draws/{id}/notices/{part": [str((await CallNotice.get(draw_id=hostile.draws["editing"])).id), "new"],
        "/agency/draws/{id}/conditions/{part": [str((await Condition.get(draw_id=hostile.draws["editing"])).id), "new"],
        "/agency/draws/{id}/recusal/{kind": ["units", "persons"],
        "/agency/projects/{id": [str(world.office.project_id)],
        "/agency/remuneration/{month": [f"{local(world.clock.now()):%Y-%m}"],
        "/draws/{draw_id": draws,
        "/draw/{token": boards,
        "/h5/{pool": ["demo"],
        "/h5/{pool}/feedback/{thread_id": [str(ids["thread"])],
        "/office/feedback/{thread_id": [str(ids["thread"])],
        "/h5/{pool}/materials/{material_id": [str(ids["material"])],
        "/h5/{pool}/notice/{application_id": [str(hostile.scene.applications["何公示"].id)],
        "/h5/{pool}/papers/{kind": ["form", "commitment", "information"],
        "/i/{link": [invitation.link for invitation in hostile.invitations.values()],
        "/office/applications/{id": [str(ids["application"])],
        "/office/people/{id": [str(person) for person in await Expert.all().values_list("id", flat=True)],
        "/office/people/{id}/file/{field": ["email", "employer", "recusal_units", "work_history"],
        "/office/people/{id}/attachments/{field": ["photo", "title_proof"],
        "/office/people/evidence/{correction": [],
        "/office/people/{id}/merge/{other": [str(agency.account_id)],
        "/office/experts/{id": [str(expert_id) for expert_id in await Expert.all().values_list("id", flat=True)],
        "/office/reconciliation/{id": [str(ids["bill"])],
        "/office/campaigns/{id": [str(ids["campaign"])],
        "/office/exports/{what": ["applications", "orders", "refunds", "differences"],
        "/office/group-notices/{id": [str(ids["group"])],
        "/h5/{pool}/announcements/{id": [str(ids["group"])],
        "/office/materials/{id": [str(ids["material"])],
        "/office/orders/{id": [str(ids["order"])],
        "/office/venues/{code": ["demo-hall"],
        "/office/integrations/{client_id": [
            str((await make_platform(world.office, world.services.integrations)).client_id)
        ],
        "/office/catalogues/{kind": ["specialty"],
        "/office/catalogues/{kind}/{code": ["A0401"],
        "/office/rules/{section": ["pool", "help", "draw"],
        "/office/texts/{code": ["welcome", "faq", "advice", "hotlines", "privacy"],
        "/office/remuneration/{organisation_id": [str(agency.organisation_id)],
        "/open-data/{pool": ["demo"],
        "/open-data/{pool}/draws/{month": [f"{local(world.clock.now()):%Y-%m}"],
        "/office/sanctions/sheets/{id": [str(sheet.id) for sheet in await OfficeSheet.filter(kind="sanctions")],
        "/office/experts/terms/{id": [str(sheet.id) for sheet in await OfficeSheet.filter(kind="terms")],
        "/record/{pool": ["demo"],
        "/record/{pool}/{number": [(await Draw.get(id=ended)).number],
        "/record/{token": records,
        "/reports/{report_id": [str((await make_report(world.services.deps, EVIL))[0])],
        "/review/{task_id": [str(task.id)],
        "/v/{token": [venue],
    }


def addresses(routes: Sequence[str], known: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Every page that is read here, with each address. Raises KeyError for a parameter that nothing is known of."""
    for route in routes:
        names = [name for _, name, _, _ in Formatter().parse(route) if name]
        choices = []
        for name in names:
            before = route[: route.index("{" + name) + len(name) + 1]
            if before not in known:
                raise KeyError(f"{before}}}: say in values_of what the page {route} is about, or leave it out")
            choices.append(known[before])
        for chosen in itertools.product(*choices):
            yield route, route.format(**dict(zip(names, chosen, strict=True)))


async def visitors(hostile: HostileScene) -> Mapping[str, Sequence[Visitor]]:
    """Visitors by beginning of the address."""
    world, office, people = hostile.world, hostile.world.office, hostile.people
    staff = [await world.log_in(getattr(office, role), role) for role in ("verifier", "supervisor")]
    staff.append(await world.log_in(office.venue, "venue"))
    agency = await world.enter(people["agency"])
    return {
        "/agency": [agency],
        "/draws": [*staff, agency],
        "/h5": [await world.enter(people["applicant"]), await world.enter(people["expert"]), agency],
        "/office": [await world.enter(people["admin"])],
        "/reports": [staff[1]],
        "/review": [await world.enter(people["reviewer"])],
        "/": [world.visitor()],
    }


def print_for_real(services: Services) -> TypstRenderer:
    renderer = TypstRenderer()
    for service in (services.draws.prints, services.draws.documents, services.applications.documents):
        object.__setattr__(service, "renderer", renderer)  # instead of a stand-in
    return renderer


async def documents(hostile: HostileScene) -> list[tuple[str, str]]:
    """Documents that an applicant and an expert print."""
    expert = hostile.invitations["ended"].expert_id
    applicant = Actor("demo", "applicant", hostile.people["applicant"].id)
    own = Actor("demo", "expert", hostile.people["expert"].id, expert)
    applications = hostile.world.services.applications
    await applications.documents.print_form(applicant, hostile.ids["own"])
    link = applications.document_delivery.link
    links = {
        "form": link(applicant, "form", hostile.ids["own"]),
        "commitment": link(applicant, "commitment", hostile.ids["own"]),
        "information": link(own, "information", expert),
    }
    return [(f"{kind}.pdf", f"/h5/pdf/{kind}/{token}.pdf") for kind, token in links.items()]


@pytest.mark.slow
async def test_no_text_is_carried_out_on_any_page_document_or_sheet(world: World) -> None:
    hostile = await make_hostile_scene(world)
    renderer, known, who = print_for_real(world.services), await values_of(hostile), await visitors(hostile)
    resources = [route.resource for route in world.server.app.router.routes() if route.method == "GET"]
    routes = sorted(
        {resource.canonical for resource in resources if resource and not LEFT_OUT.search(resource.canonical)}
    )
    shown: set[str] = set()
    wrong: list[str] = []
    for at, (route, path) in enumerate([*addresses(routes, known), *await documents(hostile)]):
        some = next(some for begin, some in who.items() if path.startswith(begin))
        for visitor in [some[at % len(some)]] if "{draw_id}" in route else some:
            answer = await visitor.client.get(path, headers=visitor.headers)
            contents = read(answer.content_type, await answer.read())
            wrong += [f"{path}: {fault}" for fault in (*contents.wrong, *(["failed"] if answer.status >= 500 else []))]
            if answer.status == 200 and contents.shown:
                shown.add(route)
    renderer.close()
    assert not wrong, "\n".join(wrong)
    assert set(SHOWN) <= shown, sorted(set(SHOWN) - shown)


OF_DRAWS = (draws, invitations, projects, remuneration)
CODES = re.compile(
    r"^(pool|kind|state|code|link|number|prefix|day|source|department|act|tier|region_mode|direction|method)$"
    r"|^(specialty|alternative|qualification|terminal|root|seed|commitment|blind|leaf|sealed|hash|region|answered_by)$"
    r"|_sealed$|_hash$|_code$|_level$|_role$|_head$|_way$"
)


def test_every_text_of_a_draw_is_replaced() -> None:
    """What is neither typed nor a code or digest that the service makes is forgotten in TYPED."""
    left = [
        f"{model.__name__}.{name}"
        for module in OF_DRAWS
        for model in vars(module).values()
        if isinstance(model, type) and issubclass(model, Model) and model.__module__ == module.__name__
        for name, column in model._meta.fields_map.items()
        if isinstance(column, (fields.CharField, fields.TextField))
        if name not in TYPED.get(model, ()) and not CODES.search(name)
    ]
    assert not left, "\n".join(left)
