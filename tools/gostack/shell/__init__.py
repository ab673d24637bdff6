"""`gostack sh` and `gostack exec`: a way into a replica."""
