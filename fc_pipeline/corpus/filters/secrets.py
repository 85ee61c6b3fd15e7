"""Credentials that nobody meant to publish: the whole document is dropped, and its text is not kept."""

import re
from collections.abc import Collection, Iterator
from typing import Literal

from pydantic import Field

from fc_pipeline.corpus.document import Document
from fc_pipeline.corpus.filters.base import Settings, Span, Verdict, meta_texts

# kind: (fixed parts, pattern). A plain search for the fixed part comes first: the patterns alone cost ten times as
# much. Every pattern begins with a fixed part and repeats single characters only, so its time is linear.
PATTERNS: dict[str, tuple[tuple[str, ...], re.Pattern[str]]] = {
    "aws_key": (("AKIA", "ASIA"), re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    "aws_secret_key": (
        ("ecret_access_key", "ecretAccessKey", "SECRET_ACCESS_KEY"),
        re.compile(r"(?i:secret_?access_?key)[\"']?\s{0,4}[=:]{1,2}\s{0,4}[\"']?[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"),
    ),
    "anthropic_key": (("sk-ant-",), re.compile(r"\bsk-ant-[A-Za-z0-9_-]{32,}")),
    "azure_key": (("AccountKey=",), re.compile(r"\bAccountKey=[A-Za-z0-9+/]{86}==")),
    "database_password": (
        ("://",),
        re.compile(
            r"\b(?:postgres(?:ql)?|mysql|mongodb(?:\+srv)?|redis|amqp)://[\w.-]{1,64}:"
            r"(?!(?:pass|password|passwd|pwd|secret|xxx+|\*+|changeme|example)@)[^\s:/@<>{}\[\]$%\"']{8,128}@[\w-]+\.[\w.-]+"
        ),
    ),
    "github_token": (
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,})"),
    ),
    "gitlab_token": (("glpat-",), re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}")),
    "google_key": (("AIza",), re.compile(r"\bAIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])")),
    "google_oauth": (("GOCSPX-", "ya29."), re.compile(r"\b(?:GOCSPX-[A-Za-z0-9_-]{28}|ya29\.[A-Za-z0-9_-]{40,})")),
    "huggingface_token": (("hf_",), re.compile(r"\bhf_[A-Za-z0-9]{34}\b")),
    "json_web_token": ((".eyJ",), re.compile(r"(?<=[A-Za-z0-9_-]{16})\.eyJ[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}")),
    "npm_token": (("npm_",), re.compile(r"\bnpm_[A-Za-z0-9]{36}\b")),
    "openai_key": (
        ("T3BlbkFJ", "sk-proj-"),
        re.compile(r"\bsk-(?:proj-[A-Za-z0-9_-]{40,}|(?:svcacct-)?[A-Za-z0-9_-]{16,80}T3BlbkFJ[A-Za-z0-9_-]{16,})"),
    ),
    "private_key": (
        ("PRIVATE KEY-----", "PRIVATE KEY BLOCK-----"),
        re.compile(
            r"-----BEGIN (?:[A-Z]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:\s|\\n){1,8}"
            r"(?:[A-Z][A-Za-z-]{2,20}: [^\n]{1,200}\n\s{0,8}){0,6}[A-Za-z0-9+/=]{40}"
        ),
    ),
    "pypi_token": (("pypi-AgE",), re.compile(r"\bpypi-AgE[A-Za-z0-9_-]{50,}")),
    "sendgrid_key": (("SG.",), re.compile(r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}")),
    "slack_token": (("xox",), re.compile(r"\bxox[abeoprs]-[0-9A-Za-z-]{20,}")),
    "slack_webhook": (
        ("hooks.slack.com",),
        re.compile(r"hooks\.slack\.com/services/T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/[A-Za-z0-9]{24}"),
    ),
    "stripe_key": (("k_live_",), re.compile(r"\b[rs]k_live_[A-Za-z0-9]{24,}")),
    "telegram_token": ((":AA",), re.compile(r"(?:(?<=bot)|(?<![\w-]))\d{8,10}:AA[A-Za-z0-9_-]{33}(?![\w-])")),
}
_FIXED_PARTS = tuple(part for parts, _ in PATTERNS.values() for part in parts)
REASON_PREFIX = "secret_"
# What people write in place of a secret.
_FILLER = re.compile(r"(?:[xX*.0_-]|EXAMPLE|example|your|YOUR)+")


class SecretsSettings(Settings):
    kind: Literal["secrets"] = "secrets"
    allow: list[str] = Field(
        default=["AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"],
        description="Strings that look like secrets and are none; one that contains such a string is none either.",
    )


def has_secret(document: Document, settings: SecretsSettings) -> Verdict:
    """`secret_<kind>`, wherever it stands: in the text or in a string of `meta`."""
    everything = "\n".join((document["text"], *meta_texts(document["meta"])))
    first = next(find_secrets(everything, allow=settings.allow), None)
    return None if first is None else REASON_PREFIX + first.type


def find_secrets(text: str, *, allow: Collection[str] = ()) -> Iterator[Span]:
    """Places of secrets in a text, kind by kind. Fillers such as `ghp_xxxx...` are none."""
    present = {part for part in _FIXED_PARTS if part in text}
    for kind, (fixed_parts, pattern) in PATTERNS.items():
        if present.isdisjoint(fixed_parts):
            continue
        for match in pattern.finditer(text):
            filler_chars = sum(map(len, _FILLER.findall(match[0])))
            if filler_chars <= len(match[0]) // 2 and not any(string in match[0] for string in allow):
                yield Span(match.start(), match.end(), kind)
