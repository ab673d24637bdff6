"""The database: one primary, a primary with replicas, or a group that chooses its primary."""
