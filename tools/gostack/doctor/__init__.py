"""Preflight: everything that would make `make up` fail late, found before anything is made."""
