"""What commands learn from a stack's telemetry."""
