"""Edge: the official account (服务号). Callback protocol, de-duplication, conversation engine, router, replies."""
