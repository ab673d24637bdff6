"""The name by which clients find a region: hosted zone records, certificates, health checks."""
