"""Credentials that nobody meant to publish: the whole document is dropped, and its text is not kept."""

import re
from typing import Literal

from pydantic import Field

from fc_pipeline.text.document import Document
from fc_pipeline.text.filters.base import Settings, Verdict

PATTERNS = {
    "aws_key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "github_token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,})"),
    "private_key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{64}"),
    "slack_token": re.compile(r"\bxox[abprs]-[0-9A-Za-z-]{20,}"),
    "google_key": re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b"),
    "huggingface_token": re.compile(r"\bhf_[A-Za-z0-9]{34}\b"),
    "json_web_token": re.compile(r"\beyJ[A-Za-z0-9_-]{16,}\.eyJ[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
}
REASON_PREFIX = "secret_"


class SecretsSettings(Settings):
    kind: Literal["secrets"] = "secrets"
    allow: list[str] = Field(default=["AKIAIOSFODNN7EXAMPLE"], description="Strings that look like secrets and are none.")


def has_secret(document: Document, settings: SecretsSettings) -> Verdict:
    """`secret_<kind>`."""
    for name, pattern in PATTERNS.items():
        if any(match[0] not in settings.allow for match in pattern.finditer(document["text"])):
            return REASON_PREFIX + name
    return None
