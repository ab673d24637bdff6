"""Metrics, logs, traces and alerts of a stack."""
