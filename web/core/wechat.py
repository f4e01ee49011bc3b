"""What pages share that send a browser to WeChat to learn who it is."""

from __future__ import annotations

import re
from datetime import timedelta

STATE_TTL = timedelta(minutes=5)
"""How long WeChat may take to send the browser back."""
CODE = re.compile(r"[\w-]{1,128}", re.ASCII)
"""What the browser comes back with."""
