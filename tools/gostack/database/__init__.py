"""Backup, restore and planned failover of the MySQL group."""
