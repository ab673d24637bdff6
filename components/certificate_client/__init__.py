"""The certificate of the ingresses, renewed without an update: by ACME (RFC 8555), or of the stack's own authority."""
