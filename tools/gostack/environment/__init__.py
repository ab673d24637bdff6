"""What a fresh machine needs before `pulumi up`: Python environment, Pulumi CLI and plugins, Docker engine, images.

`python_environment.py` makes the virtual environment with nothing but the standard library; all else runs inside it.
"""
