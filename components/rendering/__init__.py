"""Pure functions that write text for other programs; nothing here knows Pulumi."""
