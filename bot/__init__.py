"""The official account's edge: callback protocol, conversation engine, router and replies."""
