"""Builds the services of organisations."""

from __future__ import annotations

from dataclasses import dataclass

from services.core.base import Deps
from services.inspection.checker import FileChecker
from services.notifications import Notices
from services.organisations.agent_queries import AgentQueries
from services.organisations.employer_import import EmployerImporter
from services.organisations.employer_queries import EmployerQueries
from services.organisations.employers import Employers
from services.organisations.legal_entities import LegalEntities


@dataclass(frozen=True)
class OrganisationServices:
    legal_entities: LegalEntities
    agents: AgentQueries
    employers: Employers
    employer_queries: EmployerQueries
    employer_import: EmployerImporter


def build(deps: Deps, notices: Notices, checker: FileChecker) -> OrganisationServices:
    employers = Employers(deps, notices)
    return OrganisationServices(
        LegalEntities(deps, notices),
        AgentQueries(deps),
        employers,
        EmployerQueries(),
        EmployerImporter(deps, employers, checker),
    )
