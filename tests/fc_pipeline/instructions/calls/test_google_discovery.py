"""Discovery documents: what a document has is called, and nothing else."""

from pathlib import Path
from typing import Any

import pytest
from factories.call_sources import asked, documents, dropped, fetch

LIST = {"id": "cal.events.list", "description": "Lists events. More.", "parameters": {}}


def parameter(**fields: Any) -> dict[str, Any]:
    return {"type": "string", "required": True, "location": "path"} | fields


def document(*methods: dict[str, Any], **fields: Any) -> dict[str, Any]:
    nested = {"events": {"methods": {str(n): method for n, method in enumerate(methods)}}}
    return {"name": "cal", "version": "v3", "title": "Calendar API", "resources": nested} | fields


def method(**parameters: dict[str, Any]) -> dict[str, Any]:
    return LIST | {"parameters": parameters}


def google(tmp_path: Path, *contents: Any, **calls: Any) -> Any:
    files = {f"documents/d{n}.json": content for n, content in enumerate(contents)}
    return fetch(tmp_path, files, "google_discovery", calls=calls, max_bad_rate=1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (parameter(description='The place. For example: "organizations/256"'), "organizations/256"),
        (parameter(description="E.g. `users/7`", pattern="^users/[^/]+$"), "users/7"),
        (parameter(default="primary"), "primary"),
        (parameter(enum=["A_UNSPECIFIED", "OLD", "NEW"], enumDeprecated=[False, True, False]), "NEW"),
        (parameter(type="integer", default="250"), 250),
        (parameter(type="boolean", default="true"), True),
        (parameter(type="number", default="0.5"), 0.5),
        (parameter(enum=["a"], repeated=True), ["a"]),
    ],
)
def test_values_are_those_of_the_document(tmp_path: Path, field: dict[str, Any], value: Any) -> None:
    artifact = google(tmp_path, document(method(userId=field)))
    ((request, arguments),) = asked(artifact).items()
    assert arguments == {"userId": value}
    assert request.startswith("I need a call that lists events (Calendar).\nuser id: ")
    (tool,) = documents(artifact)[0]["meta"]["conversation"]["tools"]
    assert tool["function"]["name"] == "cal_events_list" and tool["function"]["description"] == "Lists events"


@pytest.mark.parametrize(
    ("reason", "made"),
    [
        ("no_value", method(a=parameter())),
        ("no_value", method(a=parameter(description="For example `projects/{project}`"))),
        ("no_value", method(a=parameter(description='Example: "a/b"', pattern="^users/[^/]+$"))),
        ("no_value", method(a=parameter(description='Example: "aaaa"', pattern="^(a+)+b$"))),
        ("no_value", method(a=parameter(type="integer", default="9" * 5000))),
        ("no_value", method(a=parameter(enum=["X_UNSPECIFIED"]))),
        ("body", LIST | {"request": {"$ref": "Event"}}),
        ("body", LIST | {"request": {"$ref": "Nothing"}}),
        ("deprecated", LIST | {"deprecated": True}),
        ("no_description", LIST | {"description": None}),
        ("no_description", LIST | {"description": "CreateChallenge API"}),
        ("invalid_schema", method(a=parameter(type="any", required=False))),
    ],
)
def test_what_would_be_invented_is_left_out(tmp_path: Path, reason: str, made: dict[str, Any]) -> None:
    other = method(a=parameter(enum=["x"])) | {"id": "cal.other.get", "description": "Gets another one."}
    schemas = {"Event": {"properties": {"a": {}}}, "Empty": {"properties": {}}}
    artifact = google(tmp_path, document(other | {"request": {"$ref": "Empty"}}, made, schemas=schemas))
    assert dropped(artifact) == {reason: 1}
    assert list(asked(artifact).values()) == [{"a": "x"}]


def test_versions_of_an_api_are_one_group_and_methods_have_a_limit(tmp_path: Path) -> None:
    many = [LIST | {"id": f"cal.{n}", "description": f"Lists {n} events."} for n in range(9)]
    artifact = google(tmp_path, document(*many), document(LIST, version="v2"), max_methods=3)
    assert {one["meta"]["group"] for one in documents(artifact)} == {"cal"}
    assert artifact.metrics["tools"] == 4


def test_hostile_documents_cost_their_file(tmp_path: Path) -> None:
    deep: dict[str, Any] = {"methods": {"a": LIST}}
    for _ in range(28):
        deep = {"resources": {"x": deep}}
    bad = ["[" * 100_000, "{}", '{"name": 7}', {"name": "x", **deep}, "", '{"name": "a", "name": "b"']
    odd = {"name": "odd", "resources": {"a": 7, "b": {"methods": {"m": 7, "n": {"id": 7}}}}, "methods": "x"}
    artifact = google(tmp_path, *bad, odd, document(LIST))
    assert artifact.manifest.counters.quarantined == len(bad)
    assert artifact.metrics["documents"] == 1
