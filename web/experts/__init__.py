"""Pages of an expert: panels (我的评标), unavailable times, the own file and what he changes in it by himself."""

from web.experts.availability import AvailabilityPages
from web.experts.own_changes import OwnChangePages
from web.experts.own_file import OwnFilePages
from web.experts.own_sanctions import OwnSanctionPages
from web.experts.panels import PanelPages
from web.experts.proofs import ProofPages

__all__ = ["AvailabilityPages", "OwnChangePages", "OwnFilePages", "OwnSanctionPages", "PanelPages", "ProofPages"]
