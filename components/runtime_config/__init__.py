"""What a service reads from Consul while it runs: a document that changes without replacing a replica."""
