"""The commands of `gostack`: what they are given, and which code they call. Nothing else is decided here."""
