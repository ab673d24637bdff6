"""`python -m tools.gostack`: the same as `.venv/bin/gostack`."""

import sys

from tools.gostack.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
