"""Pages of payment, and the webhook for the payment platform's notifications."""
