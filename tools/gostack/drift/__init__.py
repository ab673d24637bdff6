"""What somebody changed outside of Pulumi: each resource by name, with the property."""
