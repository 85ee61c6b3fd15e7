"""The JSON schema of a track's file, for editors and `dg check yaml`."""

from typing import Any

from fc_pipeline.track.config import TrackConfig


def track_schema() -> dict[str, Any]:
    """The schema of TrackConfig for files that may extend another track.

    No field is required, because the other track may set it; null removes an entry, so a field that has a default may
    be null: it takes back what the other track set. `name` is the folder's name.
    References are inlined, so that the schema can be embedded in another one.
    """
    schema = TrackConfig.model_json_schema()
    definitions = schema.pop("$defs", {})
    full = _relaxed(schema, definitions)
    properties = {name: value for name, value in full["properties"].items() if name != "name"}
    extends = {"type": "string", "description": "Track to start from; what stands here is laid over it."}
    return {
        "type": "object",
        "title": "Track",
        "description": full.get("description", ""),
        "properties": {"extends": extends, **properties},
        "additionalProperties": False,
    }


def _relaxed(node: Any, definitions: dict[str, Any]) -> Any:
    """References inlined, nothing required, null beside every value of a mapping and of a field with a default."""
    if isinstance(node, list):
        return [_relaxed(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        node = definitions[node["$ref"].rpartition("/")[2]] | {key: node[key] for key in node if key != "$ref"}
    relaxed = {
        key: _relaxed(value, definitions)
        for key, value in node.items()
        if not (key == "required" and isinstance(value, list))
    }
    if isinstance(relaxed.get("additionalProperties"), dict):
        relaxed["additionalProperties"] = {"anyOf": [relaxed["additionalProperties"], {"type": "null"}]}
    # A type with null beside it, not `anyOf`: validators then still name the entry that is wrong.
    if "default" in relaxed and isinstance(relaxed.get("type"), str) and not relaxed.keys() & {"enum", "const"}:
        relaxed["type"] = [relaxed["type"], "null"]
    return relaxed
