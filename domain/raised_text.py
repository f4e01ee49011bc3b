"""Raised and lowered letters (10⁶, H₂O) as characters of plain text, which keeps no markup."""

from __future__ import annotations

_RAISED = str.maketrans("0123456789+-−=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ")
_LOWERED = str.maketrans("0123456789+-−=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")


def raise_text(text: str) -> str | None:
    """None where a character has no raised form."""
    return _shift(text, _RAISED)


def lower_text(text: str) -> str | None:
    """None where a character has no lowered form."""
    return _shift(text, _LOWERED)


def _shift(text: str, forms: dict[int, int]) -> str | None:
    if any(ord(letter) not in forms and not letter.isspace() for letter in text):
        return None
    return text.translate(forms)
