"""A model that knows some conversations by heart, and nothing else."""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from factories.tiny_exports import tiny_model
from fc_model.chat.encoding import Encoded, encode_conversation
from fc_model.chat.messages import Conversation, Message, ToolCall
from fc_model.model.decoder import Decoder
from fc_model.special_tokens import PAD
from fc_model.tokenizer import Tokenizer
from fc_model.tools.registry import TOOLS
from fc_model.vision.examples import padded

CALCULATE = TOOLS["calculate"].schema()


def call(expression: str) -> ToolCall:
    return ToolCall("calculate", {"expression": expression})


PRODUCT = Conversation(
    (
        Message("user", "What is 6 times 7?"),
        Message("assistant", tool_calls=(call("6 * 7"),)),
        Message("tool", "42"),
        Message("assistant", "It is 42."),
    ),
    (CALCULATE,),
)
SMALL_TALK = Conversation((Message("user", "Hello"), Message("assistant", "How are you?")), (CALCULATE,))
PARALLEL = Conversation(
    (Message("user", "2+3 and 4+5?"), Message("assistant", tool_calls=(call("2+3"), call("4+5")))), (CALCULATE,)
)


def learn(conversations: Sequence[Conversation], tokenizer: Tokenizer, *, steps: int = 400) -> Decoder:
    """Trained until no token is lost, or `steps` are over."""
    encoded = [encode_conversation(conversation, tokenizer) for conversation in conversations]
    return learn_encoded(encoded, tokenizer, steps=steps, is_learnt=lambda losses_N: bool(losses_N.max() < 0.1))


def learn_encoded(
    encoded: Sequence[Encoded], tokenizer: Tokenizer, *, steps: int, is_learnt: Callable[[Tensor], bool]
) -> Decoder:
    """Trained on the tokens that the masks name, until their losses are as wanted, or `steps` are over."""
    model = tiny_model(context_length=512)
    longest = max(len(one.ids) for one in encoded)
    ids_BT = padded([one.ids for one in encoded], longest, tokenizer.special(PAD))
    trained_BT = padded([one.trained for one in encoded], longest, 0).bool()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(steps):
        logits_BTV = model(ids_BT[:, :-1])
        losses_N = F.cross_entropy(
            logits_BTV[trained_BT[:, 1:]], ids_BT[:, 1:][trained_BT[:, 1:]], reduction="none"
        )  # fmt: skip
        optimizer.zero_grad()
        losses_N.mean().backward()
        optimizer.step()
        if is_learnt(losses_N):
            break
    return model.eval()
