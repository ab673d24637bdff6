"""The schema of a service: its accounts and its migrations."""
