"""The error of a reply, and what it counts for."""

import pytest

from fc_model.chat.messages import Conversation, Message, ToolCall
from fc_model.evals.chat.calls import schemas_of
from fc_model.evals.chat.failures import ERRORS, Failures, error_of
from fc_model.evals.chat.replies import Written
from fc_model.evals.chat.turns import Turn
from fc_model.tools.registry import TOOLS

TOOLS_OFFERED = tuple(TOOLS[name].schema() for name in ("calculate", "weekday"))
BEFORE = Conversation((Message("user", "What is 6 * 7?"),), TOOLS_OFFERED)
RIGHT = '{"name":"calculate","arguments":{"expression":"6 * 7"}}'
OTHER = '{"name":"calculate","arguments":{"expression":"6 + 7"}}'
DATE = '{"name":"weekday","arguments":{"date":"2024-03-05"}}'
CALL = Message("assistant", tool_calls=(ToolCall("calculate", {"expression": "6 * 7"}),))


@pytest.mark.parametrize(
    ("expected", "reply", "error"),
    [
        (CALL, Written(calls=(RIGHT,)), None),
        (CALL, Written(text="42"), "missed_call"),
        (CALL, Written(), "missed_call"),
        (CALL, Written(calls=('{"name":"calculate"',)), "invalid_call"),
        (CALL, Written(calls=(RIGHT, '{"name":"nothing","arguments":{}}')), "invalid_call"),
        (CALL, Written(calls=(DATE,)), "wrong_tool"),
        (CALL, Written(calls=(RIGHT, RIGHT)), "wrong_tool"),
        (CALL, Written(calls=(OTHER,)), "wrong_argument"),
        (Message("assistant", "Hello."), Written(text="Hi."), None),
        (Message("assistant", "Hello."), Written(text=" \n"), "silent"),
        (Message("assistant", "Hello."), Written(text="Hi.", calls=(RIGHT,)), "needless_call"),
        (Message("assistant", "Hello."), Written(calls=("{",)), "needless_call"),
    ],
)
def test_error(expected: Message, reply: Written, error: str | None) -> None:
    turn = Turn(id="t", kinds=(), before=BEFORE, expected=expected)
    assert error_of(turn, reply, schemas_of(TOOLS_OFFERED)) == error
    assert error is None or error in ERRORS


def test_counts() -> None:
    failures = Failures()
    failures.add("silent", source="s", kind="single", tools=["weekday", "weekday", "calculate"])
    failures.add("wrong_tool", source="s", kind="single", tools=["weekday"])
    failures.add("wrong_tool", source="s", kind="single", tools=[])
    failures.add(None, source="s", kind=None, tools=["calculate"])
    assert failures.to_record() == {
        "s": {
            "kinds": {"single": {"items": 3, "failed": 3, "errors": {"wrong_tool": 2, "silent": 1}}},
            "tools": {
                "calculate": {"items": 2, "failed": 1, "errors": {"silent": 1}},
                "weekday": {"items": 2, "failed": 2, "errors": {"silent": 1, "wrong_tool": 1}},
            },
        }
    }
