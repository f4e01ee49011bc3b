"""From the last approval into the pool (入库): public notice, fee, exam, and the expert's file."""

from services.entry.stages import LAPSED, NOTICE_OVER, Entry

__all__ = ["LAPSED", "NOTICE_OVER", "Entry"]
