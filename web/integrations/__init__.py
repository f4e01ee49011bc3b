"""What platforms read before they use the integrators' API (平台对接)."""
