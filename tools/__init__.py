"""The command line (`gostack`), and what a machine without registries needs (`offline`)."""
