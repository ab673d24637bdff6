"""The replicas of a service and their registration."""
