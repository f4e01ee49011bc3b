"""From the last approval into the pool (入库): public notice, fee, exam, and the expert's file."""

from services.entry.stages import NOTICE_OVER, Entry

__all__ = ["NOTICE_OVER", "Entry"]
