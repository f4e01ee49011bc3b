"""Pages of accounts: log-in, registration, binding a WeChat account, one's own account."""
