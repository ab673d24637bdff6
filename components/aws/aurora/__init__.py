"""An Aurora Global Database and its members."""
