"""What a change needs before it may go on: approvals by environment as data, and exit codes for a pipeline."""
