"""`gostack sql`: MySQL's own client, on the schema of a service."""
