"""Statistics (统计) for the office and the authority above it, and the public data of finished draws."""

from services.statistics.coverage import Coverage, CoverageCell, SpecialtyCoverage
from services.statistics.figures import BY, By, Figure, FigureFilter, FigureLine, Figures, TopicFigures
from services.statistics.open_data import OpenCondition, OpenData, OpenDraw, OpenMonth
from services.statistics.registry import StatisticsServices
from services.statistics.topics import FigureColumn, Topic, Unit

__all__ = [
    "BY",
    "By",
    "Coverage",
    "CoverageCell",
    "Figure",
    "FigureColumn",
    "FigureFilter",
    "FigureLine",
    "Figures",
    "OpenCondition",
    "OpenData",
    "OpenDraw",
    "OpenMonth",
    "SpecialtyCoverage",
    "StatisticsServices",
    "Topic",
    "TopicFigures",
    "Unit",
]
