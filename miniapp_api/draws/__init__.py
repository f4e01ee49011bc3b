"""Invitations to a draw, as the invited expert answers them."""
