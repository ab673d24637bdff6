"""Drills: faults and changes under load, judged by criteria and told in a table."""
