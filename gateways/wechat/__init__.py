"""WeChat: official account, mini-program, tokens, quotas."""
