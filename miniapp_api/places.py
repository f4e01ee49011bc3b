"""Where a person does the same on a product page, by API; and for whom the endpoints are that no page needs."""

from __future__ import annotations

from collections.abc import Mapping

PLACES: Mapping[str, tuple[str, ...]] = {
    "pools": (),
    "sessions": ("/h5/login", "/h5/role"),
    "accounts": ("/h5/{pool}/account", "/h5/{pool}/account/data"),
    "registration": ("/h5/register", "/h5/{pool}/account", "/office/passwords"),
    "organisations": ("/agency/agents",),
    "catalogues": ("/agency/catalogues/{kind}",),
    "projects": ("/agency/projects",),
    "draws": ("/agency/draws", "/desk", "/desk/{draw_id}"),
    "recusal": ("/agency/draws/{id}/recusal", "/desk/{draw_id}/application"),
    "conditions": ("/agency/draws/{id}/conditions", "/desk/{draw_id}/application"),
    "draw_attachments": ("/agency/draws/{id}/submit", "/desk/{draw_id}/attachment"),
    "verification": ("/desk/applications", "/desk/{draw_id}/application"),
    "rounds": ("/agency/draws/{id}/run", "/desk/{draw_id}"),
    "run": ("/agency/draws/{id}/run", "/desk/{draw_id}", "/desk/{draw_id}/exit"),
    "follow-ups": ("/agency/draws/{id}/notify",),
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
    "attendance": ("/desk/{draw_id}/attendance", "/desk/{draw_id}/screen"),
    "remuneration": (
        "/desk/{draw_id}/remuneration",
        "/agency/remuneration",
        "/office/remuneration",
        "/h5/{pool}/remuneration",
    ),
    "invitations": ("/i/{link}", "/h5/{pool}/panels"),
    "experts": ("/h5/{pool}/periods", "/h5/{pool}/account"),
    "campaigns": ("/office/campaigns", "/h5/{pool}/apply"),
    "employers": ("/office/employers", "/h5/{pool}/apply/form"),
    "applications": ("/h5/{pool}/apply", "/h5/{pool}/apply/status"),
    "attachments": ("/h5/{pool}/apply/form",),
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
"""Paths of pages, as they are routed."""

_CLIENT = "it is for a client of one's own, which shows names and choices"
ELSEWHERE: Mapping[str, str] = {
    "pools": _CLIENT,
    "consents": "it is for the mini-program, inside which WeChat asks",
}
"""What has no page, by API: for whom it is, or where else a person does it."""

INTEGRATORS: Mapping[str, str] = {
    "attendance_scene": "a venue's own screen, whose code WeChat opens as a chat",
    "attendance_picture": "a venue's own screen",
    "run_stream": "a trading centre's own board",
    "results_record": "auditors, who verify the record offline with `pbt verify-draw`",
    "applications_schema": "a client of one's own, which draws the form itself",
}
"""Endpoints beside the pages, by name: for which integrator each is."""
