"""A stand-in for Pulumi's AWS plugin: it touches no account, and is strict where AWS is.

What a resource may and must say, and what it gives, is derived from the installed `pulumi_aws`; identifiers, ARNs
and what cannot be changed in place are tables. It keeps nothing: the engine's state is all there is.
"""
