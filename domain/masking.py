"""Masks a name or number: readers see that there is one, but not whose. An empty input returns an empty string."""

from __future__ import annotations


def mask_name(name: str) -> str:
    """``测试员`` → ``测**``: the first character and a star for each further one, at least one."""
    name = name.strip()
    return name[:1] + "*" * max(len(name) - 1, 1) if name else ""


def mask_id_number(number: str) -> str:
    """``411303199001016933`` → ``4113***6933``. Anything shorter than an old 15-digit number is hidden completely."""
    if not number:
        return ""
    return f"{number[:4]}***{number[-4:]}" if len(number) >= 15 else "***"


def mask_mobile(mobile: str) -> str:
    """``18912341990`` → ``189****1990``. Anything but a mobile of 11 digits is hidden completely."""
    if not mobile:
        return ""
    return f"{mobile[:3]}****{mobile[-4:]}" if len(mobile) == 11 else "****"


def mask_bank_account(number: str) -> str:
    """``6222021234567890123`` → ``6222****0123``. Anything shorter than 12 digits is hidden completely."""
    if not number:
        return ""
    return f"{number[:4]}****{number[-4:]}" if len(number) >= 12 else "****"
