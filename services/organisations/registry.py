"""Use cases of organisations, as other packages and edges receive them."""

from __future__ import annotations

from dataclasses import dataclass

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
