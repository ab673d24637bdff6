"""How secrets look that nobody told us of: keys of providers, tokens, private keys, passwords in URLs."""

from __future__ import annotations

import re

ANY_HINT = re.compile(
    r"(?i)private key|A[KSIR][IOD]A|gh[pousr]_|github_pat_|glpat-|pul-|xox|[sr]k_|AIza|npm_|hv[sb]\.|eyJ|://"
    r"|pass|secret|[_-]?key|token|bearer|basic"
)
"""What each text with one of the patterns below has in it; a quick look saves the long ones."""

_KEY = r"(?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?"

PATTERNS: tuple[re.Pattern[str], ...] = (
    # A private key, also with its line breaks escaped or cut off at the end of the text.
    re.compile(rf"-----BEGIN {_KEY}-----.*?(?:-----END {_KEY}-----|\Z)", re.S),
    re.compile(r"\b(?:AKIA|ASIA|AIDA|AROA)[A-Z0-9]{16}\b"),
    re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36,}\b"),
    re.compile(r"\bgithub_pat_[A-Za-z0-9_]{40,}\b"),
    re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}\b"),
    re.compile(r"\bpul-[0-9a-f]{40}\b"),
    re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    re.compile(r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,}\b"),
    re.compile(r"\bAIza[A-Za-z0-9_-]{35}\b"),
    re.compile(r"\bnpm_[A-Za-z0-9]{36}\b"),
    re.compile(r"\bhv[sb]\.[A-Za-z0-9_-]{24,}"),
    re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
    # The password in a URL.
    re.compile(r"(?<=://)[^\s/:@\"'`]+:[^\s/@\"'`]+(?=@)"),
    # The value of what is named like a secret, where it is written out.
    re.compile(
        r"(?i)(?<![A-Za-z])(?:[a-z0-9_.-]*(?:password|passwd|passphrase|secret[_-]?key|access[_-]?key|api[_-]?key|auth[_-]?token|private[_-]?key))"
        r"\\?[\"']?\s*(?:=|:)\s*\\?[\"']?(?P<value>[^\s\"'`,;&\\\[({<]{6,})"
    ),
    re.compile(r"(?i)\b(?:bearer|basic)\s+(?P<value>[A-Za-z0-9+/=._~-]{16,})"),
)
"""A group `value` is what is hidden; without one, everything is."""
