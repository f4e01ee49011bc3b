"""Maps endpoints to the pages with the same function, and lists users of endpoints without a page."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from miniapp_api.http.routes import Api, Endpoint

PLACES: Mapping[str, tuple[str, ...]] = {
    "pools": (),
    "sessions": ("/h5/login", "/h5/role"),
    "accounts": ("/h5/{pool}/account", "/h5/{pool}/account/data"),
    "registration": ("/h5/register", "/h5/{pool}/account", "/office/passwords"),
    "organisations": ("/agency/agents", "/h5/{pool}/agent-requests"),
    "catalogues": ("/agency/catalogues/{kind}",),
    "projects": ("/agency/projects", "/desk/{draw_id}/application"),
    "draws": ("/agency/draws", "/desk", "/desk/{draw_id}"),
    "recusal": ("/agency/draws/{id}/recusal", "/desk/{draw_id}/application"),
    "conditions": ("/agency/draws/{id}/conditions", "/desk/{draw_id}/application"),
    "draw_attachments": ("/agency/draws/{id}/submit", "/desk/{draw_id}/attachment"),
    "verification": ("/desk/applications", "/desk/{draw_id}/application"),
    "rounds": ("/agency/draws/{id}/run", "/desk/{draw_id}"),
    "run": ("/agency/draws/{id}/run", "/desk/{draw_id}", "/desk/{draw_id}/exit"),
    "follow-ups": ("/agency/draws/{id}/notify", "/agency/draws/{id}/redraw", "/agency/draws/{id}/recall"),
    "releases": ("/agency/draws/{id}/release", "/desk/{draw_id}/release"),
    "absences": ("/desk/{draw_id}/absences", "/agency/pending"),
    "results": (
        "/desk/{draw_id}/result",
        "/desk/{draw_id}/log",
        "/desk/{draw_id}/audit",
        "/h5/{pool}/proofs",
        "/record/{token}",
        "/record",
    ),
    "attendance": ("/desk/{draw_id}/attendance", "/desk/{draw_id}/screen", "/agency/draws/{id}/attendance"),
    "remuneration": (
        "/desk/{draw_id}/remuneration",
        "/agency/draws/{id}/remuneration",
        "/agency/remuneration",
        "/office/remuneration",
        "/h5/{pool}/remuneration",
    ),
    "invitations": ("/i/{link}", "/h5/{pool}/panels"),
    "experts": ("/h5/{pool}/periods", "/h5/{pool}/account"),
    "campaigns": ("/office/campaigns", "/h5/{pool}/apply"),
    "employers": ("/office/employers", "/h5/{pool}/apply/form"),
    "applications": ("/h5/{pool}/apply", "/h5/{pool}/apply/status"),
    "attachments": ("/h5/{pool}/apply/form", "/review/{task_id}", "/office/applications/{id}"),
    "papers": ("/h5/{pool}/papers/{kind}", "/p/{code}"),
    "payments": ("/h5/{pool}/pay",),
    "exam_results": ("/h5/{pool}/exams/{candidate_id}",),
    "exam_evidence": ("/h5/{pool}/exams/{candidate_id}/evidence",),
    "exam_faces": ("/h5/{pool}/exams/{candidate_id}",),
    "exam_sittings": ("/h5/{pool}/exams", "/h5/{pool}/exams/{candidate}/sittings"),
    "exam_attempts": ("/h5/{pool}/exams/{candidate_id}/paper",),
    "courses": ("/h5/{pool}/courses",),
    "certificates": ("/h5/{pool}/certificates", "/office/certificates", "/c/{token}"),
    "office_applications": ("/office/applications",),
    "office_experts": ("/office/experts",),
    "exports": ("/office/exports/{what}.xlsx",),
    "office_payments": ("/office/orders", "/office/invoices", "/office/bills", "/office/alarms"),
    "reviews": ("/review", "/review/{task_id}"),
    "assignments": ("/office/reviewers", "/office/staff"),
    "objections": ("/h5/{pool}/notice", "/office/objections"),
    "help": ("/h5/{pool}/help", "/office/feedback"),
    "materials": ("/h5/{pool}/materials", "/office/materials"),
    "notices": ("/h5/{pool}/notices",),
    "consents": (),
}
"""Paths of pages, as routed; an endpoint has those of its roles, unless ``OF_ENDPOINT`` names its own."""

_REQUESTS, _RECALL = ("/h5/{pool}/agent-requests",), "/agency/draws/{id}/recall"
OF_ENDPOINT: Mapping[str, tuple[str, ...]] = {
    "organisations_requests": _REQUESTS,
    "organisations_accept": _REQUESTS,
    "organisations_decline": _REQUESTS,
    "draws_dashboard": ("/agency", "/desk", "/office"),
    "draws_create": ("/agency/draws/new",),
    "follow-ups_redraw": ("/agency/draws/{id}/redraw",),
    "follow-ups_recall": (_RECALL,),
    "follow-ups_former": ("/agency/draws/{id}/recusal",),
    "results_result": ("/agency/draws/{id}/result", "/desk/{draw_id}/result"),
    "results_open_leaf": ("/h5/{pool}/proofs", "/desk/{draw_id}/audit"),
    "results_reason_audit": ("/desk/{draw_id}/audit",),
    "results_delivery_stats": ("/agency/draws/{id}/log", "/desk/{draw_id}/log"),
    "results_share": ("/agency/draws/{id}/result", "/desk/{draw_id}/share"),
    "remuneration_months": ("/agency/remuneration",),
    "remuneration_organisations": ("/office/remuneration",),
    "remuneration_organisation": ("/office/remuneration/{organisation_id}",),
    "remuneration_organisations_sheet": ("/office/remuneration.xlsx",),
    "employers_mine": ("/h5/{pool}/apply/form",),
    "employers_request": ("/h5/{pool}/apply/form",),
    "employers_requests": ("/office/employers/requests",),
    "employers_accept": ("/office/employers/requests",),
    "employers_refuse": ("/office/employers/requests",),
}

PARTS: Mapping[str, tuple[str, ...]] = {
    "agent": ("/agency",),
    "organisation": ("/agency",),
    "verifier": ("/desk",),
    "venue": ("/desk",),
    "supervisor": ("/desk",),
    "reviewer": ("/review",),
    "pool_admin": ("/office", "/desk"),
    "expert": ("/h5/", "/i/"),
    "applicant": ("/h5/",),
}
"""Prefixes of the addresses of a role's pages."""


def places_of(api: Api, endpoint: Endpoint) -> tuple[str, ...]:
    """The pages with an endpoint's function; of an API's pages, those of its roles."""
    if endpoint.name in OF_ENDPOINT:
        return OF_ENDPOINT[endpoint.name]
    parts = tuple(chain.from_iterable(PARTS[role] for role in endpoint.roles or ()))
    return tuple(page for page in PLACES[api.tag] if not parts or page.startswith(parts))


def pages_of(api: Api) -> tuple[str, ...]:
    """All pages of an API and its endpoints, each once."""
    return tuple(dict.fromkeys(chain(PLACES[api.tag], *(places_of(api, one) for one in api.endpoints))))


_CLIENT = "it is for a client of one's own, which shows names and choices"
ELSEWHERE: Mapping[str, str] = {
    "pools": _CLIENT,
    "consents": "it is for the mini-program, inside which WeChat asks",
}
"""APIs without a page: their users, or the other place with the function."""

INTEGRATORS: Mapping[str, str] = {
    "attendance_scene": "a venue's own screen, whose code WeChat opens as a chat",
    "attendance_picture": "a venue's own screen",
    "run_stream": "a trading centre's own board",
    "results_record": "auditors, who verify the record offline with `pbt verify-draw`",
    "applications_schema": "a client of one's own, which draws the form itself",
}
"""Endpoints without a page, by name, and the integrators who use them."""
