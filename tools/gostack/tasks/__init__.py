"""`gostack run`: a task of a service, run once."""
