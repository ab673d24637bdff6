"""What every test has in common: a generated example may take its time, on a machine that does other things too."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
