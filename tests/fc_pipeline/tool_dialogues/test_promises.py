"""Each promise, broken in a dialogue that keeps all of them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from fc_model.chat.messages import Conversation, Message, ToolCall
from fc_pipeline.tool_dialogues.dialogue import Dialogue, Workbench
from fc_pipeline.tool_dialogues.masking import plain_tool
from fc_pipeline.tool_dialogues.promises import broken_promise

RESULT = '{"weekday":"Tuesday","week":10,"week_year":2024}'


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    with Workbench(tmp_path_factory.mktemp("folder"), datetime(2024, 1, 2)) as workbench:
        yield workbench


def dialogue(
    user: str = "Which weekday is 5 March 2024?",
    call: ToolCall | None = None,
    result: str = RESULT,
    answer: str = "It is a Tuesday, in week 10.",
) -> Dialogue:
    call = call or ToolCall("weekday", {"date": "2024-03-05"})
    messages = (
        Message("user", user),
        Message("assistant", tool_calls=(call,)),
        Message("tool", result),
        Message("assistant", answer),
    )
    tools = (plain_tool("weekday"), plain_tool("calculate"))
    return Dialogue("single", Conversation(messages, tuple(tool.schema for tool in tools)), tools, {})


@pytest.mark.parametrize(
    ("made", "broken"),
    [
        (dialogue(), None),
        (dialogue(user="Which weekday is 6 March 2024?"), "unstated_value"),
        (dialogue(user="Tell me a weekday."), "unstated_value"),
        (dialogue(call=ToolCall("weekday", {"day": "2024-03-05"})), "invalid_call"),
        (dialogue(call=ToolCall("weekday", {})), "invalid_call"),
        (dialogue(call=ToolCall("list_files", {})), "invalid_call"),
        (dialogue(result=RESULT.replace("Tuesday", "Monday"), answer="It is a Monday."), "other_result"),
        (dialogue(result="{}"), "other_result"),
        (dialogue(answer="You're welcome."), "unanswered_result"),
        (dialogue(answer="It is a Monday."), "unanswered_result"),
        (dialogue(answer="It is a Tuesday, in week 11."), "unfounded_number"),
        (dialogue(answer="It is a Tuesday, in week 1."), "unfounded_number"),
        (dialogue(answer="It is a Tuesday, in week 110."), "unfounded_number"),
    ],
)
def test_broken_promise(made: Dialogue, broken: str | None, workbench: Workbench) -> None:
    assert broken_promise(made, workbench) == broken


def test_an_end_before_the_result(workbench: Workbench) -> None:
    whole = dialogue()
    cut = replace(whole, conversation=Conversation(whole.conversation.messages[:2], whole.conversation.tools))
    assert broken_promise(cut, workbench) == "unanswered_result"


def test_verdicts_are_told_in_words(workbench: Workbench) -> None:
    tools = (plain_tool("check_number"),)

    def told(answer: str) -> str | None:
        messages = (
            Message("user", "Is the ISBN 9780306406157 valid?"),
            Message("assistant", tool_calls=(ToolCall("check_number", {"kind": "isbn", "number": "9780306406157"}),)),
            Message("tool", '{"valid":true}'),
            Message("assistant", answer),
        )
        conversation = Conversation(messages, tuple(tool.schema for tool in tools))
        return broken_promise(Dialogue("single", conversation, tools, {}), workbench)

    assert told("It is valid.") is None
    assert told("It is not valid.") == "unanswered_result"


def test_files_are_those_of_the_dialogue(workbench: Workbench, tmp_path: Path) -> None:
    tools = (plain_tool("write_file"), plain_tool("read_file"))
    messages = (
        Message("user", 'Read a.txt, then write "new" to b/c.txt.'),
        Message("assistant", tool_calls=(ToolCall("read_file", {"path": "a.txt"}),)),
        Message("tool", '{"text":"old","complete":true}'),
        Message("assistant", tool_calls=(ToolCall("write_file", {"path": "b/c.txt", "text": "new"}),)),
        Message("tool", '{"bytes":3}'),
        Message("assistant", "It was old; I wrote 3 bytes."),
    )
    conversation = Conversation(messages, tuple(tool.schema for tool in tools))
    made = Dialogue("chained", conversation, tools, {"a.txt": "old"})
    assert [broken_promise(made, workbench) for _ in range(2)] == [None, None]
    assert broken_promise(replace(made, files={}), workbench) == "other_result"
