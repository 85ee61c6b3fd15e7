"""Takes secrets and personal data out of a text that is shown or kept for inspection, whatever the track filters."""

from fc_pipeline.corpus.document import Document
from fc_pipeline.corpus.filters.meta import map_meta
from fc_pipeline.corpus.filters.pii import PII_REASON_PREFIX, PiiSettings, find_pii, masked
from fc_pipeline.corpus.filters.secrets import REASON_PREFIX, find_secrets
from fc_pipeline.corpus.filters.span import Span

_EVERYTHING = PiiSettings()


def scrub(text: str) -> str:
    """Placeholders such as `[SECRET]` and `[EMAIL]` in the places of what nobody should read."""
    secrets = [Span(secret.start, secret.end, "secret") for secret in find_secrets(text)]
    for span in sorted(secrets, reverse=True):
        text = masked(text, [span])
    return masked(text, find_pii(text, _EVERYTHING))


def scrub_dropped(document: Document, reason: str) -> Document:
    """A dropped document fit to be kept: without its text when that is why it was dropped, otherwise scrubbed."""
    private = reason.startswith((REASON_PREFIX, PII_REASON_PREFIX))
    meta = map_meta(document["meta"], scrub)
    return {**document, "text": "" if private else scrub(document["text"]), "meta": meta}
