"""Setting a draw up: basic data, recusals, notices, conditions, attachments, and submission for verification."""
