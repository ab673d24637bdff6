"""What runs of a stack: its replicas by service, region and track, and how a command gets into one."""
