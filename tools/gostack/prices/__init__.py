"""What AWS charges for being there: dated tables per region, and the command that renews them from AWS's price list."""
