"""From the last approval into the pool (入库): public notice, fee, exam, and the expert's file."""

from services.entry.stages import Entry

__all__ = ["Entry"]
