"""The certificate of the ingresses, ordered and renewed at an authority that speaks ACME (RFC 8555)."""
