"""Feature flags of services: documents in every region's Consul that running replicas follow."""
