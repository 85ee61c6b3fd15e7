"""Documents as sources write them, and artifacts of them."""

from collections.abc import Iterable
from typing import Any

from factories.build import build
from fc_model.artifacts import Artifact, Store, read_records
from fc_pipeline.engine.step import Step


def document(name: str, text: str, domain: str = "science", **meta: Any) -> dict[str, Any]:
    """A document of a source called demo."""
    return {"id": name, "text": text, "source": "demo", "domain": domain, "licence": "MIT", "meta": meta}


def write_documents(
    store: Store, documents: dict[str, str] | Iterable[dict[str, Any]], key: str = "sources/demo"
) -> Artifact:
    """An artifact with documents.jsonl.zst, of {id: text} or of documents."""
    if isinstance(documents, dict):
        documents = [document(name, text) for name, text in documents.items()]
    records = list(documents)

    def write(step: Step) -> None:
        with step.out.records("documents.jsonl.zst") as keep:
            for record in records:
                keep(record)
        step.out.counters.read = step.out.counters.kept = len(records)

    config = {"records": [[record["id"], record["text"]] for record in records]}
    return build(store, key, write, config, replace=True)


def records(artifact: Artifact, name: str = "documents") -> list[dict[str, Any]]:
    """All of NAME.jsonl.zst."""
    return list(read_records(artifact.path(f"{name}.jsonl.zst")))


def ids(artifact: Artifact, name: str = "documents") -> list[str]:
    return [record["id"] for record in records(artifact, name)]


def clusters(artifact: Artifact) -> dict[str, str]:
    """{id: cluster} of deduplicated documents."""
    return {record["id"]: record["meta"]["cluster"] for record in records(artifact)}
