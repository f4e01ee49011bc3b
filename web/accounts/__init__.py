"""Pages of accounts: log-in, registration, binding a WeChat, one's own account."""
