"""What a person waits for, in seconds: measured, not judged."""
