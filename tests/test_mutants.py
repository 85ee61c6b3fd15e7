"""Planted faults of template, mask, stop token, merge and metric: each stops a gate that the product passes.

Every gate is judged on what the product itself computes: the step or the stage runs with the fault in its source.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from factories.benchmark_rows import BY_TASK
from factories.build import build
from factories.chat_world import ChatWorld
from factories.instruction_sources import write_conversations
from factories.learnt_model import PARALLEL, PRODUCT, SMALL_TALK
from factories.planted import planted
from factories.sft_talk import SFT, write_talk
from factories.text_stage import write_stage, write_tiny_shards
from factories.tiny_exports import tiny_model
from factories.training_runs import close_runs, drive, open_run

from fc_model.chat import modelfile, template
from fc_model.chat.examples import EXAMPLES
from fc_model.chat.parity import chat_parity_report
from fc_model.evals.benchmarks.known_answers import item_faults
from fc_model.evals.benchmarks.tasks import TASKS
from fc_model.export.gguf import export_gguf
from fc_model.export.huggingface import export_huggingface
from fc_model.train import run_stage
from fc_pipeline.engine.gates import Gate, judge
from fc_pipeline.instructions.pack import pack_conversations

What = Literal["exports", "shards", "training", "adapter", "chat_evals", "benchmarks"]


@dataclass(frozen=True)
class Mutant:
    """`new` stands in place of `old` in a file, and the gate on a metric of `what` fails."""

    name: str
    what: What
    file: str
    old: str
    new: str
    metric: str
    at_least: float | None = None
    at_most: float | None = None

    @property
    def gate(self) -> Gate:
        return Gate(artifact=self.what, metric=self.metric, min=self.at_least, max=self.at_most)


TEMPLATE, ENCODING = "fc_model/chat/template.py", "fc_model/chat/encoding.py"
PREFIX, MASK, STOP = "chat_prefix_failures", "chat_mask_failures", "chat_stop_failures"
MERGE, SCORING = "lora_merge_max_logit_diff", "scoring_failures"
MUTANTS = [
    # Template
    Mutant(
        "the template drops earlier reasoning, as Qwen3's",
        *("exports", TEMPLATE, "if message.reasoning_content -", "if message.reasoning_content and loop.last -"),
        *("chat_template_prefix_failures", None, 0),
    ),
    Mutant(
        "the template takes text as it is",
        *("exports", TEMPLATE, r"{{- escaped(value or '', '<\\') -}}", "{{- value or '' -}}"),
        *("huggingface_chat_match", 1),
    ),
    Mutant(
        "the template writes a space behind a role",
        *("exports", TEMPLATE, "'<user>' ~ text", "'<user> ' ~ text", "gguf_f32_chat_match", 1),
    ),
    Mutant(
        "the encoder leaves the parameters of tools out",
        *("exports", ENCODING, '("name", "description", "parameters")', '("name", "description")'),
        *("huggingface_chat_match", 1),
    ),
    Mutant(
        "a prompt begins the reasoning that training may leave out",
        *("exports", ENCODING, '{last.role}")\n        yield _special("<assistant>")'),
        '{last.role}")\n        yield from map(_special, ("<assistant>", "<reasoning>"))',
        *(PREFIX, None, 0),
    ),
    Mutant(
        "the system text stands only in front of the first question",
        *("exports", ENCODING, 'if first.role == "system" else ""', 'if len(conversation.messages) < 3 else ""'),
        *(PREFIX, None, 0),
    ),
    # Mask
    Mutant(
        "everything is trained",
        *("exports", ENCODING, "[part.trained] * len(encoded)", "[True] * len(encoded)", MASK, None, 0),
    ),
    Mutant(
        "special tokens of a reply are not trained",
        *("exports", ENCODING, "part._replace(trained=True)", "part._replace(trained=not part.is_special)"),
        *(MASK, None, 0),
    ),
    Mutant(
        "the end of the turn is not trained",  # huggingface/trl#5988
        *("exports", ENCODING, "part._replace(trained=True)", 'part._replace(trained=part.text != "<im_end>")'),
        *(MASK, None, 0),
    ),
    Mutant(
        "results of tools are trained",
        *("exports", ENCODING, "            yield _text(message.content)\n            yield"),
        '            yield _text(message.content)._replace(trained=message.role == "tool")\n            yield',
        *(MASK, None, 0),
    ),
    Mutant(
        "the mask is packed a token late",
        *("shards", "fc_pipeline/instructions/encode.py", "[*trained[1:stop], False]", "[*trained[:stop]]"),
        *("mask_failures", None, 0),
    ),
    Mutant(
        "the mask of a batch is turned round",
        *("training", "fc_model/data/windows.py", "masked_fill(~trained_BT1", "masked_fill(trained_BT1"),
        *("holdout_loss", None, 3.0),
    ),
    # Stop token
    Mutant(
        "generation_config.json stops at </s> alone",
        *("exports", "fc_model/export/huggingface.py", "[vocabulary.eos, vocabulary.control_id(END_OF_TURN)]"),
        *("vocabulary.eos", STOP, None, 0),
    ),
    Mutant(
        "the GGUF file has no end of a turn",  # ggml-org/llama.cpp#5040
        *("exports", "fc_model/export/gguf.py", "writer.add_eot_token_id(vocabulary.control_id(END_OF_TURN))", "pass"),
        *(STOP, None, 0),
    ),
    Mutant(
        "the Modelfile stops at another token",
        *("exports", "fc_model/chat/modelfile.py", 'stop "{END_OF_TURN}"', 'stop "</s>"', STOP, None, 0),
    ),
    Mutant(
        "a reply goes on behind its end",
        *("chat_evals", "fc_model/evals/chat/replies.py", "{self.codec.special(END_OF_TURN), ", "{"),
        *("ended_free", 1),
    ),
    Mutant(
        "the chat format lets nothing but another call follow a call",
        *("chat_evals", "fc_model/chat/reply.py", '"called": {"<tool>": "call", END_OF_TURN: "end"}'),
        *('"called": {"<tool>": "call", "<reasoning>": "reasoning"}', "exact_calls", 1),
    ),
    # Merge
    Mutant(
        "the merge forgets alpha / rank",
        *("adapter", "fc_model/model/lora.py", "update_FD, alpha=layer.scaling)", "update_FD)", MERGE, None, 1e-4),
    ),
    Mutant(
        "the adapter is merged twice",
        *(
            "adapter",
            "fc_model/model/lora.py",
            "update_FD, alpha=layer.scaling)",
            "update_FD, alpha=2 * layer.scaling)",
        ),
        *(MERGE, None, 1e-4),
    ),
    Mutant(
        "the merge forgets a matrix",
        *("adapter", "fc_model/model/lora.py", "if isinstance(layer, LoraLinear):"),
        *('if isinstance(layer, LoraLinear) and "up_proj" not in name:', MERGE, None, 1e-4),
    ),
    Mutant(
        "the merge is rounded to bf16",  # huggingface/peft#1388, OpenBMB/MiniCPM-V#502
        *("adapter", "fc_model/model/lora.py", "update_FD, alpha=layer.scaling)"),
        *("update_FD, alpha=layer.scaling).bfloat16().float()", MERGE, None, 1e-4),
    ),
    Mutant(
        "dropout stays on in the adapter",
        *("adapter", "fc_model/model/lora.py", "self.dropout(x)", "nn.functional.dropout(x, 0.1)", MERGE, None, 1e-4),
    ),
    # Metric
    Mutant(
        "exact calls ask for the name alone",  # ServiceNow/AU-Harness#31
        *("chat_evals", "fc_model/evals/chat/calls.py", "call.name, canonical(call.arguments)", "call.name"),
        *(SCORING, None, 0),
    ),
    Mutant(
        "the AST match ignores letters and digits, too",
        *("chat_evals", "fc_model/evals/chat/calls.py", r'"[ ,./\-_*^]"', r'"."', SCORING, None, 0),
    ),
    Mutant(
        "any arguments are valid",
        *("chat_evals", "fc_model/evals/chat/calls.py", ".is_valid(arguments)", ".is_valid({}) is not None"),
        *(SCORING, None, 0),
    ),
    Mutant(
        "a call that cannot be read is none",  # ShishirPatil/gorilla#1362
        *("chat_evals", "fc_model/evals/chat/turns.py", "[float(bool(calls))]", "[float(bool(valid))]"),
        *(SCORING, None, 0),
    ),
    Mutant(
        "silence declines",
        *("chat_evals", "fc_model/evals/chat/turns.py", "not calls and bool(reply.text.strip())", "not calls"),
        *(SCORING, None, 0),
    ),
    Mutant(
        "silence follows instructions",
        *("chat_evals", "fc_model/evals/chat/instructions.py", "return bool(text.strip()) and ", "return "),
        *(SCORING, None, 0),
    ),
    Mutant(
        "the control has the model's own weights",
        *("chat_evals", "fc_model/evals/control.py", "torch.randperm(weight.numel(), generator=generator)"),
        *("torch.arange(weight.numel())", "exact_calls_random", None, 0.1),
    ),
    Mutant(
        "the first of equal choices is taken",
        *("benchmarks", "fc_model/evals/benchmarks/multiple_choice.py", " if list(scores).count(highest) == 1 else"),
        *(" if True else", SCORING, None, 0),
    ),
    Mutant(
        "a number counts wherever it stands",
        *("benchmarks", "fc_model/evals/benchmarks/written_answer.py", "_comparable(value) == right", "right in text"),
        *(SCORING, None, 0),
    ),
    Mutant(
        "the worst choice is taken",
        *("benchmarks", "fc_model/evals/benchmarks/multiple_choice.py", "highest = max(scores)"),
        *("highest = min(scores)", SCORING, None, 0),
    ),
]


class Product:
    """What the gates judge, computed anew with every call."""

    def __init__(self, root: Path) -> None:
        self._root, self._number = root, 0
        (root / "chat").mkdir()
        self._chat = ChatWorld(root / "chat")
        self._tokenizer_file = self._chat.inputs["tokenizer"].path("tokenizer.model")
        self._text = write_tiny_shards(root / "text")
        base = write_stage(root / "base", self._text, stage={"steps": 8, "eval_every": None})
        drive(open_run(base)).finish()
        self._base = base / "model.safetensors"

    def metrics(self, what: What) -> dict[str, float]:
        self._number += 1
        compute: Callable[[Path], dict[str, float]] = getattr(self, f"_{what}")
        return compute(self._root / str(self._number))

    def _exports(self, folder: Path) -> dict[str, float]:
        model = tiny_model()
        shape = {"chat_template": template.CHAT_TEMPLATE}
        export_huggingface(model, model.config, self._tokenizer_file, folder / "huggingface", **shape)
        file = folder / "tiny-f32.gguf"
        about: dict[str, Any] = {"name": "tiny", "licence": "CC0-1.0", "quantization": "f32"}
        export_gguf(model, model.config, self._tokenizer_file, file, **about, **shape)
        (folder / modelfile.MODELFILE).write_text(modelfile.modelfile(file.name))
        return chat_parity_report(
            tokenizer_file=self._tokenizer_file,
            huggingface_folder=folder / "huggingface",
            gguf_files={"f32": file},
            conversations=EXAMPLES,
            context_length=model.config.context_length,
            out_folder=folder,
        )

    def _shards(self, folder: Path) -> dict[str, float]:
        talks = {"a": [PRODUCT, SMALL_TALK, PARALLEL]}
        instructions = write_conversations(self._chat.store, f"t/{folder.name}", {"train": talks, "holdout": talks})
        inputs = {"instructions": instructions, "tokenizer": self._chat.inputs["tokenizer"]}
        config = {"seq_len": 512, "stages": {"sft": None}}
        return build(self._chat.store, f"t/{folder.name}/shards", pack_conversations, config, inputs).metrics

    def _training(self, folder: Path) -> dict[str, float]:
        stage = SFT | {"steps": 60, "eval_every": 60}
        talk = write_talk(folder / "talk")
        return run_stage(write_stage(folder / "run", self._text, stage=stage, instructions=str(talk))).metrics

    def _adapter(self, folder: Path) -> dict[str, float]:
        adapted = {"steps": 4, "optimizer": {"kind": "adamw"}, "lora": {"rank": 4, "alpha": 8, "dropout": 0.1}}
        return drive(open_run(folder, self._text, stage=adapted, start=str(self._base))).finish()[0]

    def _chat_evals(self, folder: Path) -> dict[str, float]:
        return self._chat.build(max_prompts=6, max_reply_tokens=100, win_rate=None).metrics

    def _benchmarks(self, folder: Path) -> dict[str, float]:
        faults = [
            item_faults(task, task.read(row, f"{name}/{number}", name))
            for name, task in TASKS.items()
            for number, row in enumerate(BY_TASK[name])
        ]
        return {SCORING: sum(map(bool, faults))}


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Product:
    return Product(tmp_path_factory.mktemp("product"))


@pytest.fixture(scope="module")
def whole(product: Product) -> dict[What, dict[str, float]]:
    """The metrics of the product as it is."""
    return {mutant.what: product.metrics(mutant.what) for mutant in {one.what: one for one in MUTANTS}.values()}


@pytest.fixture(autouse=True)
def _closed() -> Any:
    yield
    close_runs()


def test_there_are_twenty_of_five_kinds() -> None:
    assert len(MUTANTS) >= 20 and len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_stops_a_gate(mutant: Mutant, product: Product, whole: dict[What, dict[str, float]]) -> None:
    (passed,) = judge(whole[mutant.what], [mutant.gate])
    assert passed["passed"], passed
    with planted(mutant.file, mutant.old, mutant.new):
        (failed,) = judge(product.metrics(mutant.what), [mutant.gate])
    assert not failed["passed"], failed
