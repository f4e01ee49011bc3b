"""Pages of payment, and where the payment platform pushes its notifications."""
