"""Masked tools: all of a tool's words change, its calls mean the same."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from fc_model.chat.messages import Conversation, Message, ToolCall
from fc_model.tools.registry import TOOLS
from fc_pipeline.tool_dialogues.masking import masked_conversation, masked_tool


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(TOOLS)), st.integers(0, 10**6), st.data())
def test_a_masked_call_is_the_call(name, seed, data):
    tool = masked_tool(name, Random(seed), taken=[])
    names = list(TOOLS[name].parameters["properties"])
    arguments = {parameter: data.draw(st.integers()) for parameter in data.draw(st.permutations(names))}
    messages = (Message("user", "Go."), Message("assistant", "", f"`{name}` it is.", (ToolCall(name, arguments),)))
    masked = masked_conversation(Conversation(messages), [tool])
    (call,) = masked.messages[1].tool_calls
    function = masked.tools[0]["function"]
    assert call.name == function["name"] != name
    assert masked.messages[1].reasoning == f"`{call.name}` it is."
    assert call.arguments.keys() == function["parameters"]["properties"].keys()
    assert set(names).isdisjoint(call.arguments) or not names
    assert function["description"] != TOOLS[name].description
    assert tool.call(call.arguments) == ToolCall(name, arguments)


def test_names_of_one_conversation_differ():
    for seed in range(20):
        random, names = Random(seed), list[str]()
        for _ in range(200):  # more than there are synonyms
            names.append(masked_tool("weekday", random, taken=names).name)
        assert len(set(names)) == len(names)
