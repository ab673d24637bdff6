"""What was released: who, when, which image, with what result."""
