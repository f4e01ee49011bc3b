"""Callbacks for vendors' delivery reports, and the short addresses in messages."""
