"""Go programs, built from pinned modules."""
