"""Remuneration of experts (专家酬劳): its lifecycle and the fee computed from hours of attendance."""
