"""`gostack logs`: the lines of all replicas in order of time."""
