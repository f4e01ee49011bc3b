"""``/agency``: pages on which agents and legal entities set up and run draws; phones first."""

from __future__ import annotations

from services.registry import Services
from web.accounts.login import AuthPages
from web.agency.agents import AgentPages
from web.agency.basic import BasicPages
from web.agency.calling import CallingPages
from web.agency.catalogues import CataloguePages
from web.agency.conditions import ConditionPages
from web.agency.details import AttendanceTab, LogTab, ProjectTab, ResultTab
from web.agency.drafts import DraftPages
from web.agency.home import AgencyHomePages
from web.agency.integrations import AgencyIntegrationPages
from web.agency.projects import ProjectPages
from web.agency.recall import RecallPages
from web.agency.recusal import RecusalPages
from web.agency.redraws import RedrawAndRecallPages
from web.agency.release import ReleasePages
from web.agency.remuneration import RemunerationMonths, RemunerationTab
from web.agency.submission import SubmissionPages
from web.agency.supplements import SupplementPages
from web.core.site import Site

__all__ = ["AgencyPages"]

_ALL = (
    AgencyHomePages,
    ProjectPages,
    CataloguePages,
    BasicPages,
    RecusalPages,
    ConditionPages,
    SubmissionPages,
    CallingPages,
    ReleasePages,
    RedrawAndRecallPages,
    RecallPages,
    ProjectTab,
    ResultTab,
    AttendanceTab,
    RemunerationTab,
    LogTab,
    SupplementPages,
    RemunerationMonths,
    AgentPages,
    AgencyIntegrationPages,
    DraftPages,
)


class AgencyPages:
    """All pages of agencies; each noun has a module of its own."""

    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        self._parts = [part(site, services, auth) for part in _ALL]

    def add_routes(self) -> None:
        for part in self._parts:
            part.add_routes()
