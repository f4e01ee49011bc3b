"""Actions after a draw: redraw (重新抽取), recall (通知原专家), release (退选).

Rules of recalls and releases that the setup and the verification of draws check too stand in
``services/draws/recall_rules.py`` and ``release_rules.py``.
"""
