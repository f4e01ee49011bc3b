"""Pages of an expert: panels (我的评标), and unavailable times."""

from web.experts.availability import AvailabilityPages
from web.experts.own_file import OwnFilePages
from web.experts.panels import PanelPages
from web.experts.proofs import ProofPages

__all__ = ["AvailabilityPages", "OwnFilePages", "PanelPages", "ProofPages"]
