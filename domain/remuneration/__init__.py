"""Remuneration of experts (专家酬劳): its lifecycle and the fee that follows from hours of attendance."""
