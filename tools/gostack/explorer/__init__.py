"""The stack explorer: one HTML file that shows what a stack is made of, from a recording of its program."""
