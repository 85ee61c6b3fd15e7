"""Credentials that nobody meant to publish: the whole document is dropped, and its text is not kept."""

import re
from typing import Literal

from pydantic import Field

from fc_pipeline.text.document import Document
from fc_pipeline.text.filters.base import Settings, Verdict

# A cheap search for the fixed part of each comes first: the patterns alone cost ten times as much.
PATTERNS = {
    "aws_key": (("AKIA", "ASIA"), re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    "github_token": (
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,})"),
    ),
    "private_key": (
        ("PRIVATE KEY-----",),
        re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{64}"),
    ),
    "slack_token": (("xox",), re.compile(r"\bxox[abprs]-[0-9A-Za-z-]{20,}")),
    "google_key": (("AIza",), re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b")),
    "huggingface_token": (("hf_",), re.compile(r"\bhf_[A-Za-z0-9]{34}\b")),
    "json_web_token": (
        (".eyJ",),
        re.compile(r"\beyJ[A-Za-z0-9_-]{16,}\.eyJ[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    ),
}
REASON_PREFIX = "secret_"


class SecretsSettings(Settings):
    kind: Literal["secrets"] = "secrets"
    allow: list[str] = Field(
        default=["AKIAIOSFODNN7EXAMPLE"], description="Strings that look like secrets and are none."
    )


def has_secret(document: Document, settings: SecretsSettings) -> Verdict:
    """`secret_<kind>`."""
    text = document["text"]
    for name, (fixed_parts, pattern) in PATTERNS.items():
        if not any(part in text for part in fixed_parts):
            continue
        if any(match[0] not in settings.allow for match in pattern.finditer(text)):
            return REASON_PREFIX + name
    return None
