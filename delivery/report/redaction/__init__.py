"""Takes secrets out of text, whatever they are written as: by the values that are known, and by how secrets look."""

from delivery.report.redaction.known import KnownSecrets
from delivery.report.redaction.redactor import MASK, Redactor

__all__ = ["MASK", "KnownSecrets", "Redactor"]
