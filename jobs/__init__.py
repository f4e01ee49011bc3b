"""Edge: background. Each task takes ids only and calls one service method; all of them may run twice."""
