"""The parts of the composition, each in the order in which it comes up."""
