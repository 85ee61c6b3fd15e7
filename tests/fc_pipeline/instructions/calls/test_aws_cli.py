"""Commands and calls of AWS as its documentation writes them, through the front door."""

from pathlib import Path
from typing import Any

import pytest
from factories.call_sources import asked, documents, dropped, fetch

SHAPES = {
    "Text": {"type": "string"}, "Size": {"type": "integer"}, "Flag": {"type": "boolean"},
    "Kind": {"type": "string", "enum": ["gp2", "io1"]},
    "Many": {"type": "string", "enum": [f"m{n}" for n in range(40)]},
    "Tag": {
        "type": "structure", "required": ["Key"], "members": {"Key": {"shape": "Text"}, "Value": {"shape": "Text"}}
    },
    "Tags": {"type": "list", "member": {"shape": "Tag"}}, "Names": {"type": "list", "member": {"shape": "Text"}},
    "Map": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Text"}},
    "Filter": {"type": "structure", "members": {"Name": {"shape": "Text"}, "Values": {"shape": "Names"}}},
    "Filters": {"type": "list", "member": {"shape": "Filter"}},
    "Ebs": {"type": "structure", "members": {"VolumeSize": {"shape": "Size"}, "VolumeType": {"shape": "Kind"}}},
    "Device": {"type": "structure", "members": {"Name": {"shape": "Text"}, "Ebs": {"shape": "Ebs"}}},
    "Devices": {"type": "list", "member": {"shape": "Device"}},
    "Item": {"type": "structure", "members": {"S": {"shape": "Text"}, "L": {"shape": "Items"}}},
    "Items": {"type": "list", "member": {"shape": "Item"}},
    "CreateInput": {
        "type": "structure", "required": ["RoleName"],
        "members": {
            "RoleName": {"shape": "Text", "documentation": "<p>The <b>name</b> of the role. More of it.</p>"},
            "MaxSize": {"shape": "Size"}, "Tags": {"shape": "Tags"}, "Names": {"shape": "Names"},
            "Labels": {"shape": "Map"}, "Filters": {"shape": "Filters"}, "Devices": {"shape": "Devices"},
            "DryRun": {"shape": "Flag"}, "Kind": {"shape": "Kind"}, "Many": {"shape": "Many"},
            "Item": {"shape": "Item"}, "Last": {"shape": "Text"},
        },
    },
    "Loop": {"type": "structure", "required": ["Self"], "members": {"Self": {"shape": "Loop"}}},
    "LoopInput": {"type": "structure", "required": ["List"], "members": {"List": {"shape": "LoopList"}}},
    "LoopList": {"type": "list", "member": {"shape": "LoopList"}},
}  # fmt: skip
MODEL = {
    "metadata": {"serviceId": "IAM"},
    "operations": {
        "CreateRole": {"input": {"shape": "CreateInput"}, "documentation": "<p>Creates a role.</p> <p>More.</p>"},
        "ListRoles": {"documentation": "Lists &amp; counts roles."},
        "LoopRole": {"input": {"shape": "LoopInput"}},
    },
    "shapes": SHAPES,
}
ARGUMENTS = [
    ("--max-size 7", {"MaxSize": 7}),
    ("--dry-run", {"DryRun": True}),
    ("--no-dry-run", {"DryRun": False}),
    ("--names a b", {"Names": ["a", "b"]}),
    ("--names '[\"a\", \"b\"]'", {"Names": ["a", "b"]}),
    ("--tags Key=a,Value=b Key=c", {"Tags": [{"Key": "a", "Value": "b"}, {"Key": "c"}]}),
    ('--tags \'{"Key": "a", "Value": "b"}\'', {"Tags": [{"Key": "a", "Value": "b"}]}),
    ("--labels a=1,b=2", {"Labels": {"a": "1", "b": "2"}}),
    ("--filters Name=x,Values=p,q", {"Filters": [{"Name": "x", "Values": ["p", "q"]}]}),
    ("--filters 'Values=p,q,Name=x'", {"Filters": [{"Values": ["p", "q"], "Name": "x"}]}),
    ("--filters 'Name=x,Values=[p,q]'", {"Filters": [{"Name": "x", "Values": ["p", "q"]}]}),
    ("--devices Name=/dev/sdh,Ebs={VolumeSize=8,VolumeType=io1}", {
        "Devices": [{"Name": "/dev/sdh", "Ebs": {"VolumeSize": 8, "VolumeType": "io1"}}]
    }),
    ("--tags 'Key=\"a, b\",Value=c d'", {"Tags": [{"Key": "a, b", "Value": "c d"}]}),
    ("--item '{\"L\": [{\"L\": [{\"S\": \"x\"}]}]}'", {"Item": {"L": [{"L": [{"S": "x"}]}]}}),
    ("--labels application/json=Hookshot,indices.cache.size=35", {
        "Labels": {"application/json": "Hookshot", "indices.cache.size": "35"}
    }),
    (r'--tags Key=\"[Group]\",Value=test', {"Tags": [{"Key": "[Group]", "Value": "test"}]}),
    ("--kind=gp2", {"Kind": "gp2"}),
    ("--output json --query 'Roles[0]'", {}),
]  # fmt: skip
REFUSED = [
    ("--policy file://a.json", "unknown_option"),
    ("--last file://a.json", "refers_to_file"),
    ("--last $NAME", "shell"),
    ("--last `date`", "shell"),
    ("--last a | jq .", "shell"),
    ("--last <name>", "shell"),
    ("--last 'a", "shell"),
    ("x", "invalid_value"),
    ("--max-size seven", "invalid_value"),
    ("--max-size " + "9" * 5000, "invalid_value"),
    ("--max-size", "invalid_value"),
    ("--tags Key", "invalid_value"),
    ("--tags Key=a,Key=b", "invalid_value"),
    ("--tags Colour=red", "invalid_value"),
    ("--tags Key=a,Value=sg-1,sg-2", "invalid_value"),
    ("--tags Key=a,Value=[b,c]", "invalid_value"),
    ("--tags 'Key=a,Value=x{y}z'", "invalid_value"),
    ("--tags '[{\"Key\": NaN}]'", "invalid_value"),
    ("--item '" + "[" * 100_000 + "'", "command_too_long"),
    ("--item '" + '{"L":[' * 30 + "]}" * 30 + "'", "too_deep"),
    ("--kind io9", "invalid_call"),
    ("--devices Ebs={" + "Ebs={" * 30, "invalid_value"),
]


def rst(*options: str) -> str:
    parts = [
        f"**Example {n}: To create role {n}**\n\n"
        f"The following ``create-role`` example creates a role named ``role{n}``. ::\n\n"
        f"    aws iam create-role \\\n        --role-name role{n} {option}\n\nOutput::\n\n    {{}}\n"
        for n, option in enumerate(options)
    ]
    return "\n".join(parts)


def aws(tmp_path: Path, text: str, *, operation: str = "create-role", **files: Any) -> Any:
    folder = {"botocore/data/iam/2010-05-08/service-2.json": MODEL, f"examples/iam/{operation}.rst": text, **files}
    return fetch(tmp_path, folder, "aws_cli", max_bad_rate=1)


def test_options_become_arguments(tmp_path: Path) -> None:
    artifact = aws(tmp_path, rst(*(option for option, _ in ARGUMENTS)))
    assert dropped(artifact) == {}
    calls = list(asked(artifact).values())
    assert calls == [{"RoleName": f"role{n}"} | expected for n, (_, expected) in enumerate(ARGUMENTS)]
    assert artifact.metrics["calls"] == len(ARGUMENTS)
    assert artifact.metrics["tools"] == artifact.metrics["groups"] == 1
    first = documents(artifact)[0]
    assert first["meta"]["group"] == "iam" and first["meta"]["kind"] == "cli_example"


@pytest.mark.parametrize(("option", "reason"), REFUSED)
def test_what_is_no_call_is_dropped_by_its_reason(tmp_path: Path, option: str, reason: str) -> None:
    artifact = aws(tmp_path, rst("", option))
    assert dropped(artifact) == {reason: 1}


def test_requests_state_every_value(tmp_path: Path) -> None:
    artifact = aws(tmp_path, rst("", "--dry-run --names a role1 --max-size 7"))
    for request, arguments in asked(artifact).items():
        assert ("named role" in request) != ("role name: role" in request)
        if "DryRun" in (arguments or {}):
            assert "dry run: true" in request and 'names: ["a","role1"]' in request and "max size: 7" in request
        assert "(IAM)" in request and "create-role" not in request


def test_a_schema_has_what_the_call_needs_and_little_more(tmp_path: Path) -> None:
    (document,) = documents(aws(tmp_path, rst("--last x --kind gp2 --many m3 --item '{\"L\": []}'")))
    (tool,) = document["meta"]["conversation"]["tools"]
    function = tool["function"]
    assert function["name"] == "iam_create_role" and function["description"] == "Creates a role"
    schema = function["parameters"]
    assert list(schema["properties"]) == ["RoleName", "MaxSize", "Kind", "Many", "Item", "Last"]
    assert schema["required"] == ["RoleName"] and schema["additionalProperties"] is False
    assert schema["properties"]["RoleName"] == {"type": "string", "description": "The name of the role"}
    assert schema["properties"]["Kind"]["enum"] == ["gp2", "io1"] and "enum" not in schema["properties"]["Many"]


def test_calls_in_json(tmp_path: Path) -> None:
    good = {"title": "To list roles", "description": "The following example lists roles.", "input": {}}
    examples = {
        "ListRoles": [good, good | {"input": {"x": 1}}, good | {"title": 7, "description": None}, "x"],
        "CreateRole": [{"title": "To create a role", "input": {"RoleName": "r", "MaxSize": "7"}}],
        "LoopRole": [{"title": "To loop", "input": {"List": []}}],
        "DropRole": [good],
    }
    files = {"botocore/data/iam/2010-05-08/examples-1.json": {"examples": examples}}
    artifact = aws(tmp_path, "", **files)
    assert set(asked(artifact)) <= {"List roles (IAM).", "I need a call that lists roles (IAM)."}
    assert dropped(artifact) == {
        "invalid_call": 2, "no_description": 1, "unknown_operation": 1, "too_deep": 1
    } or dropped(artifact) == {
        "ambiguous_request": 1, "invalid_call": 1, "no_description": 1, "unknown_operation": 1, "too_deep": 1
    }  # fmt: skip


def test_hostile_models_cost_their_file(tmp_path: Path) -> None:
    wide = {f"M{n}": {"shape": "Wide"} for n in range(200)}
    shapes = {"Wide": {"type": "structure", "required": list(wide), "members": wide}, "None": {"type": ["x"]}}
    model = {
        "metadata": {}, "shapes": shapes,
        "operations": {"CreateRole": {"input": {"shape": "Wide"}}, "ListRole": {"input": {"shape": "None"}}, "X": 7},
    }  # fmt: skip
    files = {
        "botocore/data/aaa/2010-05-08/service-2.json": "[" * 100_000,
        "botocore/data/bbb/2010-05-08/service-2.json": {"metadata": 1},
        "botocore/data/ccc/2010-05-08/service-2.json": model,
        "examples/aaa/create-role.rst": rst(""), "examples/bbb/create-role.rst": rst(""),
        "examples/ccc/create-role.rst": rst("").replace("iam", "ccc"),
        "examples/ccc/list-roles.rst": rst("--x y").replace("iam", "ccc").replace("create", "list"),
        "examples/iam/x.rst": rst("").replace("aws iam", "aws ec2"),
        "examples/ddd/create-role.rst": rst(""), "botocore/data/eee/1/examples-1.json": "{}",
    }  # fmt: skip
    artifact = aws(tmp_path, rst(""), **files)
    assert artifact.manifest.counters.quarantined == 3
    assert dropped(artifact) == {"no_model": 1, "unknown_option": 1, "invalid_schema": 1, "other_service": 1}
