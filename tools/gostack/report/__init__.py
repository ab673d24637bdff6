"""A preview as a reviewer needs it: what is at risk first, each risk with the property that causes it, no secret."""
