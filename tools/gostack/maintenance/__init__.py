"""A service is taken away from its clients, who are told so, and given back."""
