"""Edge: background tasks. Each takes ids only and calls one service method; all of them may run twice."""
