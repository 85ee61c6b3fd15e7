"""A terminal conversation with a model of the chat format, as text."""

from collections.abc import Iterator

from fc_model.chat.agent import Agent
from fc_model.inference.generate import Sampling


class Assistant:
    """An agent as `fc_model.chat.text.chat` talks to one. Calls and results are shown, reasoning only if asked."""

    def __init__(self, agent: Agent, *, show_reasoning: bool = False) -> None:
        self._agent = agent
        self._shown = {"text": "{}", "call": "[call] {}\n", "result": "[result] {}\n"}
        if show_reasoning:
            self._shown["reasoning"] = "[reasoning] {}\n"

    @property
    def sampling(self) -> Sampling:
        return self._agent.sampling

    @sampling.setter
    def sampling(self, sampling: Sampling) -> None:
        self._agent.sampling = sampling

    def reset(self) -> None:
        """Begin a new conversation."""
        self._agent.reset()

    def reply(self, text: str) -> Iterator[str]:
        """The reply to a message, part by part. Raises UserError as `Agent.ask` does."""
        line_is_open = False
        for kind, shown in self._agent.ask(text):
            if kind in self._shown:
                part = self._shown[kind].format(shown)
                yield "\n" + part if line_is_open and kind != "text" else part
                line_is_open = not part.endswith("\n")
