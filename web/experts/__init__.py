"""Pages of an expert: panels (我的评标), and times in which one is not drawn."""

from web.experts.panels import PanelPages
from web.experts.periods import PeriodPages
from web.experts.proofs import ProofPages

__all__ = ["PanelPages", "PeriodPages", "ProofPages"]
