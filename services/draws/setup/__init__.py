"""Setting a draw up: basic data, recusals, notices, conditions, attachments, and handing it in for verification."""
