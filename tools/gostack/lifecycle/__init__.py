"""What people do with a stack: bring it up, look at it, take it down, and get it out of trouble."""
