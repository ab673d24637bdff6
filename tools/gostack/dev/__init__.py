"""The inner loop: what is saved runs in the replicas of one region, until it is left."""
