"""Legal entities (法人) with their agents (经办人), and the pool's list of employers (单位列表)."""

from services.organisations.agent_queries import Agent
from services.organisations.employer_import import BYTES_MAX, LINES_MAX, render_template
from services.organisations.employer_queries import SEARCH_MAX, EmployerLine, EmployerRequestView, EmployerView
from services.organisations.employers import EmployerData
from services.organisations.legal_entities import Registered, check_credit_code, is_credit_code
from services.organisations.registry import OrganisationServices

__all__ = [
    "BYTES_MAX",
    "LINES_MAX",
    "SEARCH_MAX",
    "Agent",
    "EmployerData",
    "EmployerLine",
    "EmployerRequestView",
    "EmployerView",
    "OrganisationServices",
    "Registered",
    "check_credit_code",
    "is_credit_code",
    "render_template",
]
