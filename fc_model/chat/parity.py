"""Does every runtime make the ids of a conversation that ours are trained on?

The ids of each prompt are compared with those of transformers (by the exported folder) and of llama.cpp's server (by
each GGUF file), the masks with transformers', and the two checks of checks.py are made of the encoder and the template.
The tokens by which each file lets a runtime stop are those that end a reply.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fc_model.chat.checks import check_mask, check_prefix
from fc_model.chat.encoding import Encoded, encode_conversation
from fc_model.chat.messages import Conversation
from fc_model.chat.modelfile import MODELFILE
from fc_model.export.ends import gguf_ends, huggingface_ends, modelfile_stops
from fc_model.export.llama_cpp.server import server_chat_prompts
from fc_model.special_tokens import END_OF_TURN, EOS
from fc_model.tokenizer import Tokenizer

MISSES_LISTED = 20


def chat_parity_report(
    *,
    tokenizer_file: Path,
    huggingface_folder: Path,
    gguf_files: Mapping[str, Path],
    conversations: Sequence[Conversation],
    context_length: int,
    out_folder: Path,
    threads: int = 1,
) -> dict[str, float]:
    """Compare what the runtimes make of conversations that end with user or tool; write chat_misses.json.

    Returns metrics, to be gated. `<runtime>_chat_match` is the share of prompts with equal ids. As with text,
    `<runtime>_chat_unexplained` counts the others without those that have characters that our tokenizer spells in
    bytes, which llama.cpp's Unigram tokenizer does not know. `chat_prefix_failures` (the encoder, on ids),
    `chat_template_prefix_failures` (the template, on text) and `chat_mask_failures` (the encoder's tokens, and the
    conversations whose mask differs in transformers) have to be 0, and so has `chat_stop_failures`: the files that do
    not name the end of a turn and of a document as what ends a reply, or name more.
    """
    tokenizer = Tokenizer(tokenizer_file)
    template = TransformersTemplate(huggingface_folder)
    prefix = check_prefix(conversations, lambda part, reply: encode_conversation(part, tokenizer, reply=reply).ids)
    template_prefix = check_prefix(conversations, lambda part, reply: template.text(part, reply=reply))
    mask = check_mask(conversations, lambda part: encode_conversation(part, tokenizer), tokenizer)
    whole = [encode_conversation(conversation, tokenizer) for conversation in conversations]
    other_masks = [place for place, ours in enumerate(whole) if template.encode(conversations[place]) != ours]

    expected = [encode_conversation(conversation, tokenizer, reply=True).ids for conversation in conversations]
    prompts = {"huggingface": [template.prompt(conversation) for conversation in conversations]}
    records = [conversation.to_record() for conversation in conversations]
    for quantization, file in sorted(gguf_files.items()):
        prompts[f"gguf_{quantization}"] = server_chat_prompts(
            file, records, context_length=context_length, threads=threads
        )
    wrong_stops = _wrong_stops(tokenizer, huggingface_folder, gguf_files)
    metrics: dict[str, float] = {
        "chat_conversations": len(conversations),
        "chat_prefixes": prefix.compared,
        "chat_prefix_failures": prefix.wrong,
        "chat_template_prefix_failures": template_prefix.wrong,
        "chat_mask_tokens": mask.compared,
        "chat_mask_failures": mask.wrong + len(other_masks),
        "chat_stop_failures": len(wrong_stops),
    }
    misses: dict[str, Any] = {
        "prefix": prefix.first,
        "template_prefix": template_prefix.first,
        "mask": mask.first,
        "other_masks": [records[place] for place in other_masks[:MISSES_LISTED]],
        "stops": wrong_stops,
    }
    for name, ids_of_prompts in prompts.items():
        wrong = [place for place, ids in enumerate(ids_of_prompts) if ids != expected[place]]
        metrics[f"{name}_chat_match"] = 1 - len(wrong) / len(conversations)
        metrics[f"{name}_chat_unexplained"] = sum(tokenizer.byte_ids.isdisjoint(expected[place]) for place in wrong)
        misses[name] = [
            {"record": records[place], "expected": expected[place], "rendered": ids_of_prompts[place]}
            for place in wrong[:MISSES_LISTED]
        ]
    text = json.dumps(misses, ensure_ascii=False, sort_keys=True, indent=1)
    (out_folder / "chat_misses.json").write_text(text + "\n", encoding="utf-8")
    return metrics


def _wrong_stops(tokenizer: Tokenizer, folder: Path, gguf_files: Mapping[str, Path]) -> dict[str, list[Any]]:
    """What ends a reply in each file where it is not what it has to be, by the file's name."""
    expected: set[Any] = {tokenizer.special(EOS), tokenizer.special(END_OF_TURN)}
    ends: dict[str, set[Any]] = {"generation_config.json": huggingface_ends(folder)}
    ends |= {file.name: gguf_ends(file) for file in gguf_files.values()}
    wrong = {name: sorted(named) for name, named in ends.items() if named != expected}
    for modelfile in sorted({file.with_name(MODELFILE) for file in gguf_files.values()}):
        stops = modelfile_stops(modelfile) if modelfile.is_file() else set()
        if stops != {END_OF_TURN}:
            wrong[modelfile.name] = sorted(stops)
    return wrong


class TransformersTemplate:
    """The chat template of an exported folder, as transformers applies it."""

    def __init__(self, folder: Path) -> None:
        import transformers

        # A conversation is only encoded here, so it may be longer than the model's context, which is a warning.
        self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(
            folder, local_files_only=True, model_max_length=1 << 30
        )

    def text(self, conversation: Conversation, *, reply: bool) -> str:
        rendered: str = self._apply(conversation, tokenize=False, add_generation_prompt=reply)
        return rendered

    def prompt(self, conversation: Conversation) -> list[int]:
        """The ids that the assistant goes on from."""
        return list(self._apply(conversation, add_generation_prompt=True, return_dict=False))

    def encode(self, conversation: Conversation) -> Encoded:
        rendered = self._apply(conversation, return_dict=True, return_assistant_tokens_mask=True)
        return Encoded(list(rendered["input_ids"]), list(map(bool, rendered["assistant_masks"])))

    def _apply(self, conversation: Conversation, **settings: Any) -> Any:
        record = conversation.to_record()
        return self._tokenizer.apply_chat_template(record["messages"], tools=record.get("tools"), **settings)
