"""What is made from a skeleton."""
