"""What a fresh machine needs before `pulumi up`: Python environment, Pulumi CLI and plugins, Docker engine, images.

`python -m tools.gostack.environment <command>` runs inside the project's virtual environment, which
`python_environment.py` makes with nothing but the standard library.
"""
