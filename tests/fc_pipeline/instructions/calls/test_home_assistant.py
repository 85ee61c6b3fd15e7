"""Intents of a house and of skills: what is asked, what is called, and what no tool of another skill can do."""

from pathlib import Path
from typing import Any

import pytest
from factories.call_sources import asked, documents, dropped, fetch

RULES = {"the": "(the|my)"}
LISTS: dict[str, Any] = {
    "brightness": {"range": {"from": 7, "to": 7}},
    "level": {"values": [{"in": "(max|full)", "out": 100}]},
    "down": {"range": {"from": 5, "to": 5, "multiplier": -1}},
    "step": {"values": [{"in": "up", "out": "up"}]},
    "item": {"wildcard": True},
    "words": {"values": ["(red|scarlet)"]},
}


def intents(**templates: Any) -> dict[str, Any]:
    """{intent: [block]}; a block is its templates, or whole."""
    return {
        "lists": LISTS,
        "expansion_rules": RULES,
        "intents": {
            f"Hass{name}": {"data": [block if isinstance(block, dict) else {"sentences": block} for block in blocks]}
            for name, blocks in templates.items()
        },
    }


def house(tmp_path: Path, content: Any, **fields: Any) -> Any:
    calls = {"values": {"area": ["kitchen"]}, "names": {"light": ["desk lamp"], "lock": ["front door"]}}
    return fetch(tmp_path, {"data/en.json": content}, "home_assistant", calls=calls | fields.pop("calls", {}), **fields)


@pytest.mark.parametrize(
    ("block", "request_", "arguments"),
    [
        (["set [it] to {brightness}[%]"], "set", {"brightness": 7}),
        (["to {level:brightness}"], "to", {"brightness": 100}),
        (["quieter by {down:volume}"], "quieter by 5", {"volume": -5}),
        (["paint it {words}"], "paint it ", None),
        ({"sentences": ["<the> {name}"], "slots": {"domain": "lock"}}, "", {"domain": "lock", "name": "front door"}),
        ({"sentences": ["on {name}"], "requires_context": {"domain": ["light", "x"]}}, "on", {"name": "desk lamp"}),
        (["all in {area}"], "all in kitchen", {"area": "kitchen"}),
    ],
)
def test_sentences_become_calls(tmp_path: Path, block: Any, request_: str, arguments: dict[str, Any] | None) -> None:
    artifact = house(tmp_path, intents(Do=[block]))
    for request, made in asked(artifact).items():
        assert request.startswith(request_)
        assert made == (arguments or {"words": request.removeprefix("paint it ")})
    assert dropped(artifact) == {} and artifact.metrics["calls"] >= 1


def test_the_room_of_the_user_is_told(tmp_path: Path) -> None:
    block = {
        "sentences": ["lights on here"],
        "requires_context": {"area": {"slot": True}},
        "slots": {"domain": "light"},
    }
    (document,) = documents(house(tmp_path, intents(TurnOn=[block])))
    system, user, reply = document["meta"]["conversation"]["messages"]
    assert system["content"] == "The user is in this area: kitchen." and user["content"] == "lights on here"
    assert reply["tool_calls"][0]["function"]["arguments"] == '{"area":"kitchen","domain":"light"}'


def test_a_tool_has_the_slots_of_all_its_templates(tmp_path: Path) -> None:
    content = intents(SetVolume=[["to {brightness:volume}"], ["{step:volume} in {area}"], ["{level:volume}"]])
    tool = documents(house(tmp_path, content))[0]["meta"]["conversation"]["tools"][0]["function"]
    assert tool["description"] == "Set volume"
    assert tool["parameters"]["properties"] == {
        "area": {"type": "string"},
        "volume": {"anyOf": [{"type": "integer", "minimum": 7, "maximum": 100}, {"type": "string", "enum": ["up"]}]},
    }
    assert tool["parameters"]["required"] == ["volume"]


def test_skills_that_do_nothing_of_each_others_are_asked_without_their_tool(tmp_path: Path) -> None:
    content = intents(StartTimer=[["start a timer"]], ListAddItem=[["add {area}"]], TurnOn=[["turn on"]])
    skills = {"timers": ["*Timer*"], "lists": ["HassList*"]}
    offered = {"no_fit": 1, "least_others": 1, "most_others": 2}
    artifact = house(tmp_path, content, calls={"skills": skills}, offered=offered)
    groups = {one["meta"]["group"] for one in documents(artifact)}
    assert groups == {"timers/HassStartTimer/0.0", "lists/HassListAddItem/0.0", "general/HassTurnOn/0.0"}
    for one in documents(artifact):
        names = {tool["function"]["name"] for tool in one["meta"]["conversation"]["tools"]}
        reply = one["meta"]["conversation"]["messages"][-1]
        if one["meta"]["kind"] == "no_fit":
            other = {"timers": "HassListAddItem", "lists": "HassStartTimer"}[one["meta"]["group"].split("/")[0]]
            assert names == {other} and reply["content"] and not reply.get("tool_calls")
        else:
            assert len(names) > 1 and reply["tool_calls"][0]["function"]["name"] in names
    assert artifact.metrics["no_fit"] == 2 and artifact.metrics["documents"] == 5


def test_what_cannot_be_drawn_is_dropped_by_its_reason(tmp_path: Path) -> None:
    content = intents(
        Do=[["good one", "(broken", "put {item}", "<rule> x", "{level} {nothing}"], {"sentences": 7}, [7]]
    )
    artifact = house(tmp_path, content, calls={"samples": 1})
    assert dropped(artifact) == {"bad_template": 2, "no_value": 2}
    assert asked(artifact) == {"good one": {}}


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", "[" * 100_000, {"intents": {}, "lists": {}, "expansion_rules": [1]}]
)
def test_a_file_that_is_none_is_quarantined(tmp_path: Path, content: Any) -> None:
    calls = {"values": {"area": ["kitchen"]}}
    files = {"a.json": content, "b.json": intents(Do=[["good one"]])}
    artifact = fetch(tmp_path, files, "home_assistant", calls=calls)
    assert artifact.manifest.counters.quarantined == 1 and asked(artifact) == {"good one": {}}


def test_skills_of_openvoiceos(tmp_path: Path) -> None:
    files = {
        "ovos_skill_weather/locale/en-us/sunset.intent": "when is sunset\nwhen is sunset in {location}\n# no\n",
        "ovos_skill_weather/locale/en-us/skill.json": {"description": "The weather. And more."},
        "skill_ovos_dice/locale/en-us/dialog/roll.two.intent": "roll (two|2) dice\nroll {number} dice",
        "ovos_skill_clock/locale/en-us/location.entity": "Rome\nOslo\n",
        "ovos_skill_bad/locale/en-us/skill.json": "[" * 100_000,
    }
    offered = {"least_others": 1, "most_others": 1, "no_fit": 0}
    artifact = fetch(tmp_path, files, "ovos_skill", calls={"values": {"city": ["Bern"]}}, offered=offered)
    calls = asked(artifact)
    assert calls["when is sunset"] == {}
    assert {"Rome", "Oslo"} >= {made["location"] for made in calls.values() if made}
    assert dropped(artifact) == {"no_value": 3} and artifact.manifest.counters.quarantined == 1
    tools = {tool["function"]["name"]: tool for tool in documents(artifact)[0]["meta"]["conversation"]["tools"]}
    assert tools.keys() == {"weather_sunset", "dice_roll_two"}
    assert tools["weather_sunset"]["function"]["description"] == "Sunset. The weather"
    assert {one["meta"]["group"] for one in documents(artifact)} == {
        "weather/sunset/0", "weather/sunset/1", "dice/roll_two/0"
    }  # fmt: skip


def test_the_same_source_is_drawn_the_same(tmp_path: Path) -> None:
    content = intents(StartTimer=[["start (a|one) timer", "{brightness} minutes"]], TurnOn=[["turn on {area}"]])
    made = [house(tmp_path / str(n), content) for n in range(2)]
    assert made[0].digest == made[1].digest
    other = house(tmp_path / "other", content, offered={"seed": 1})
    assert asked(other).keys() <= {"start a timer", "start one timer", "7 minutes", "turn on kitchen"}


def test_a_long_conversation_has_fewer_tools_or_goes(tmp_path: Path) -> None:
    content = intents(A=[["do a"]], B=[["do b"]], C=[["do " + "c " * 900]])
    offered = {"least_others": 2, "most_others": 2, "max_characters": 450}
    artifact = house(tmp_path, content, offered=offered)
    assert dropped(artifact) == {"too_long": 1}
    assert [len(one["meta"]["conversation"]["tools"]) for one in documents(artifact)] == [1, 1]
