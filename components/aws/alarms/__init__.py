"""Alarms, the topic that tells people of them, and the budget."""
