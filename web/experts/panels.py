"""``/h5/{pool}/panels``: the expert's open invitations, accepted panels, and past ones."""

from __future__ import annotations

from collections.abc import Mapping

from services.core.permissions import check
from web.accounts.person_pages import PersonPages
from web.core.pages import Visit, page


class PanelPages(PersonPages):
    form_name = "panels"

    @page("/h5/{pool}/panels", "experts/panels.html")
    async def panels(self, visit: Visit) -> Mapping[str, object]:
        check(visit.actor, "expert.self.answer")
        assert visit.actor.expert_id is not None  # noqa: S101  # only experts pass the check
        invitations = self.services.draws.invitation_queries
        waiting, coming = await invitations.list_current(visit.actor.expert_id)
        past = await invitations.list_panels(visit.actor.expert_id, past=True)
        return {"waiting": waiting, "coming": coming, "past": past}
