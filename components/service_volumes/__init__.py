"""The volumes of a service in one region."""
