"""The schedules of a service: its tasks, at certain times, once over all regions."""
