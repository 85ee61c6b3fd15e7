"""A model that learnt one conversation by heart calls its tool, gets a real result, and answers with it."""

import io
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from factories.learnt_model import learn
from factories.tiny_exports import Exports, tiny_model

from fc_model.chat.agent import Agent
from fc_model.chat.encoding import encode_conversation
from fc_model.chat.grounding.mode import Grounding
from fc_model.chat.messages import Conversation, Message, ToolCall
from fc_model.chat.modelfile import MODELFILE, modelfile
from fc_model.chat.template import CHAT_TEMPLATE
from fc_model.chat.text import SentencePieceCodec, chat, open_model
from fc_model.errors import UserError
from fc_model.export.huggingface import export_huggingface
from fc_model.inference.decoder_runtime import DecoderRuntime
from fc_model.inference.generate import Sampling
from fc_model.tokenizer import Tokenizer
from fc_model.tools.registry import TOOLS
from fc_model.tools.sandbox import Sandbox

TOOL = TOOLS["calculate"]
QUESTION, ANSWER = "What is 6 times 7?", "It is 42 <im_end>."
GREEDY = Sampling(temperature=0)


def learnt(arguments: dict[str, Any], result: str) -> Conversation:
    call = ToolCall(TOOL.name, arguments)
    messages = (
        Message("user", QUESTION),
        Message("assistant", "", "It asks for a product.", (call,)),
        Message("tool", result),
        Message("assistant", ANSWER),
    )
    return Conversation(messages, (TOOL.schema(),))


@pytest.fixture(scope="module")
def folder(exports: Exports, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Hugging Face folder and a GGUF file of a model that knows nothing but the conversation."""
    folder = tmp_path_factory.mktemp("agent")
    tokenizer, model = Tokenizer(exports.tokenizer_file), tiny_model(context_length=512)
    encoded = encode_conversation(learnt({"expression": "6 * 7"}, "42"), tokenizer)
    assert len(encoded.ids) < 400
    ids_T, trained_T = torch.tensor(encoded.ids), torch.tensor(encoded.trained)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(400):
        logits_TV = model(ids_T[None, :-1])[0]
        loss = F.cross_entropy(logits_TV[trained_T[1:]], ids_T[1:][trained_T[1:]])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if loss < 0.01:
            break
    model.eval()
    export_huggingface(model, model.config, exports.tokenizer_file, folder / "huggingface", chat_template=CHAT_TEMPLATE)
    exports.export(model, folder / "tiny-f32.gguf", quantization="f32", chat_template=CHAT_TEMPLATE)
    (folder / MODELFILE).write_text(modelfile("tiny-f32.gguf"))
    return folder


@pytest.fixture(params=["huggingface", "tiny-f32.gguf"])
def model(folder: Path, request: pytest.FixtureRequest) -> Path:
    return folder / request.param


def test_a_tool_is_called_and_its_result_is_used(model: Path) -> None:
    with open_model(model, threads=1) as (runtime, codec), Sandbox() as sandbox:
        agent = Agent(runtime, codec, GREEDY, 150, tools=[TOOL], sandbox=sandbox)
        steps = list(agent.ask(QUESTION))
    joined = {kind: "".join(step.text for step in steps if step.kind == kind) for kind in ("reasoning", "text")}
    assert [step.kind for step in steps if step.kind != "text"] == ["reasoning", "call", "result"]
    assert steps[1].text == '{"name":"calculate","arguments":{"expression":"6 * 7"}}'
    assert "42" in steps[2].text, "by the tool itself"
    assert joined == {"reasoning": "It asks for a product.", "text": ANSWER}
    assert agent.messages == list(learnt({"expression": "6 * 7"}, steps[2].text).messages)


@pytest.mark.parametrize("show_reasoning", [False, True])
def test_chat(
    model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], show_reasoning: bool
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{QUESTION}\n"))
    with Sandbox() as sandbox:
        chat(model, sampling=GREEDY, tools=[TOOL], sandbox=sandbox, show_reasoning=show_reasoning)
    out = capsys.readouterr().out
    assert ("[reasoning] It asks for a product.\n" in out) == ("product" in out) == show_reasoning
    assert '[call] {"name":"calculate"' in out and out.endswith(f"\n{ANSWER}\n") and "<reasoning>" not in out


def test_ten_turns_and_a_full_context_keep_the_format(folder: Path) -> None:
    with open_model(folder / "huggingface", threads=1) as (runtime, codec), Sandbox() as sandbox:
        agent = Agent(runtime, codec, Sampling(temperature=1.2), 60, tools=[TOOL], sandbox=sandbox, rounds=2)
        for number in range(10):
            list(agent.ask(f"Question {number}: {'why ' * 8}?"))
            Conversation(tuple(agent.messages), (TOOL.schema(),))  # checks the order
        assert sum(message.role == "user" for message in agent.messages) == 10
        before = list(agent.messages)
        with pytest.raises(UserError, match=r"the question needs .* the model's context has 512"):
            list(agent.ask("why " * 600))
        assert agent.messages == before
        broken_off = agent.ask("And why?")
        next(broken_off)
        assert len(agent.messages) > len(before)
        with pytest.raises(KeyboardInterrupt):
            broken_off.throw(KeyboardInterrupt)
        assert agent.messages == before
        list(agent.ask("And now?"))


def test_json_of_a_schema_and_json_that_is_cut(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    schema = {"type": "object", "properties": {"a": {"enum": [1, 2]}}, "required": ["a"], "additionalProperties": False}
    monkeypatch.setattr(sys, "stdin", io.StringIO("x\n"))
    chat(folder / "huggingface", sampling=GREEDY, schema=schema)
    assert capsys.readouterr().out in ('{"a":1}\n', '{"a":2}\n')
    monkeypatch.setattr(sys, "stdin", io.StringIO("x\n"))
    with pytest.raises(UserError, match="not whole after 3 tokens"):
        chat(folder / "huggingface", sampling=GREEDY, schema={"type": "string", "minLength": 90}, num_tokens=3)


def test_a_base_model_calls_no_tools(exports: Exports, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("x\n"))
    with Sandbox() as sandbox, pytest.raises(UserError, match="not trained on conversations, so it calls no tools"):
        chat(exports.huggingface, tools=[TOOL], sandbox=sandbox)


@pytest.mark.parametrize("grounding", ["none", "conversation"])
def test_a_number_that_nobody_stated_is_not_called_with(exports: Exports, grounding: Grounding) -> None:
    learnt_wrong = Conversation(
        (
            Message("user", QUESTION),
            Message("assistant", tool_calls=(ToolCall(TOOL.name, {"expression": "6 * 85"}),)),
            Message("tool", "510"),
            Message("assistant", "It is 511."),
        ),
        (TOOL.schema(),),
    )
    model = learn((learnt_wrong,), Tokenizer(exports.tokenizer_file))
    codec = SentencePieceCodec(exports.tokenizer_file, model.config.vocab_size)
    with Sandbox() as sandbox:
        agent = Agent(DecoderRuntime(model), codec, GREEDY, 150, tools=[TOOL], sandbox=sandbox, grounding=grounding)
        steps = list(agent.ask(QUESTION))
    calls = [step.text for step in steps if step.kind == "call"]
    answer = "".join(step.text for step in steps if step.kind == "text")
    if grounding == "none":
        assert "6 * 85" in calls[0] and "511" in answer
    else:
        assert calls and answer
        stated = {"6", "7", *re.findall("[0-9]+", " ".join(step.text for step in steps if step.kind == "result"))}
        assert {figure for call in calls for figure in re.findall("[0-9]+", call)} <= stated
        assert set(re.findall("[0-9]+", answer)) <= stated
