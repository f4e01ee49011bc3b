"""Constants of pages that redirect a browser to WeChat to identify it."""

from __future__ import annotations

import re
from datetime import timedelta

STATE_TTL = timedelta(minutes=5)
"""How long WeChat may take to redirect the browser back."""
CODE = re.compile(r"[\w-]{1,128}", re.ASCII)
"""Form of the code with which the browser returns."""
