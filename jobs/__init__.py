"""Edge: background. Each task takes ids only and calls one service method."""
