"""Takes secrets out of text, whatever they are written as: by the values that are known, and by how secrets look."""

from tools.gostack.report.redaction.known import KnownSecrets
from tools.gostack.report.redaction.redactor import MASK, Redactor

__all__ = ["MASK", "KnownSecrets", "Redactor"]
