"""Endpoints of remuneration: the expert's own, the venue's proposals, the agency's payments."""
