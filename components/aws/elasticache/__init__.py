"""Valkey as ElastiCache runs it: what an accessory of that kind is on AWS."""
