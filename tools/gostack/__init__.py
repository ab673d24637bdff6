"""The command line of a stack: lifecycle, report and gate of a change, release, diagnosis."""
