"""Our books against the platform's bills, and notifications that were counted nowhere."""
