"""A service goes back to an image that it ran before."""
