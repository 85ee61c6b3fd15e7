"""Planted secrets and personal data: wherever they stand and whatever becomes of the document, they go no further."""

import pytest
from factories.documents import document, ids, records
from factories.filter_chains import crawled_filters

from fc_pipeline.corpus.config import FilterConfig
from fc_pipeline.corpus.filter_documents import filter_documents
from fc_pipeline.corpus.filters import default_filters
from fc_pipeline.lineage.cleaning_decisions import decision_lines, drop_lines, reason_lines

PROSE = "The ice carried away two of the piers in that spring, and for eleven years only the ferry crossed. " * 3
GERMAN = "Der Wald war so dicht, dass kaum Licht auf den Boden fiel, und wir gingen langsam über Wurzeln weiter. " * 3
PERSONAL = {
    "mail": "marta.kowalska@poczta-demo.pl",
    "phone": "(212) 555-0147",
    "card": "4012 8888 8888 1881",
    "iban": "GB29 NWBK 6016 1331 9268 19",
    "ip": "193.0.14.129",
    "id": "536-22-8726",
}
WORDS_BEFORE = {"card": "visa ", "ip": "IP ", "id": "SSN "}
"""What only a word before makes personal data: a tenth of any columns of numbers pass the check of cards."""
SECRETS = {"key": "AKIA" + "Q7RT" * 4, "token": "ghp_" + "a1B2" * 9}
CANARIES = {**PERSONAL, **SECRETS}
PLACES = {
    "kept": lambda canary: f"{PROSE}\nAsk {canary} about it.",
    "too_short": lambda canary: f"Ask {canary}",
    "foreign": lambda canary: f"{GERMAN}\nFrage {canary}",
    "repeated": lambda canary: f"Ask {canary} today for this offer.\n" * 60,
    "bad_unicode": lambda canary: f"{PROSE} {canary} " + "\ufffd" * 40,
}


@pytest.fixture(scope="module")
def documents() -> list[dict]:
    made = []
    for place, write in PLACES.items():
        for name, canary in CANARIES.items():
            told = WORDS_BEFORE.get(name, "") + canary
            for meta in ({}, {"note": f"by {told}", "authors": [{"contact": told}]}):
                number = len(made)
                text = write("nobody" if meta else told)
                made.append(document(f"demo/{place}/{name}/{number}", text, **meta))
    return made


def everything_in(artifact) -> str:
    names = [entry.path.removesuffix(".jsonl.zst") for entry in artifact.manifest.files if "jsonl" in entry.path]
    return artifact.path("drops.json").read_text("utf-8") + str([records(artifact, name) for name in names])


@pytest.mark.parametrize("action", ["mask", "drop"])
@pytest.mark.parametrize("filters", [default_filters, crawled_filters], ids=["default", "crawled"])
def test_canaries_nowhere(run_step, corpus, documents, filters, action: str) -> None:
    changes = {"pii": {"action": action}, "url": {"integrated_lists": False}}
    chosen = [settings.model_copy(update=changes.get(settings.kind, {})) for settings in filters()]
    config = FilterConfig(filters=chosen, num_samples=50).model_dump(mode="json")
    artifact = run_step(filter_documents, "corpus/demo/filtered", config, one=corpus(documents))
    written = everything_in(artifact)
    for name, canary in CANARIES.items():
        assert canary not in written, name
    reasons = artifact.manifest.counters.dropped
    assert {"too_short", "replacement_characters", "secret_aws_key", "secret_github_token"} <= set(reasons)
    assert ("language_de" in reasons) == (action == "mask" or filters is crawled_filters)
    kept = ids(artifact)
    if action == "mask":
        assert {name.split("/")[2] for name in kept} == set(PERSONAL), "only what was masked is kept"
        assert "Ask [EMAIL] about it." in written and "Ask SSN [NATIONAL_ID] about it." in written
        assert artifact.metrics["edits_pii_email"] == sum("/kept/mail/" in name for name in kept) / 2
    else:
        assert not kept and reasons["pii_email"] >= 2


def test_canaries_scrubbed_from_drops(run_step, corpus, documents) -> None:
    """Dropped samples are scrubbed also when no filter looks for personal data, and so is what is shown of them."""
    config = FilterConfig(filters=[{"kind": "length", "min_chars": 100_000}], num_samples=99).model_dump(mode="json")
    artifact = run_step(filter_documents, "corpus/demo/filtered", config, one=corpus(documents))
    assert artifact.manifest.counters.dropped == {"too_short": len(documents)}
    lines = [*drop_lines([artifact]), *reason_lines([artifact], "too_short", limit=99)]
    shown = str(lines + [decision_lines([artifact], record["id"]) for record in documents])
    for text in (everything_in(artifact), shown):
        assert not any(canary in text for canary in CANARIES.values())
        assert "[EMAIL]" in text and "[SECRET]" in text
