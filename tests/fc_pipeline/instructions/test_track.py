"""The track of docs/instructions.md: its steps, built for real from the conversations to an export."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from factories.build import build
from factories.instruction_sources import lines, talk
from factories.stdlib_corpus import Packed
from safetensors.torch import save_file

from fc_model.artifacts import Artifact, Store, read_records
from fc_model.checkpoints.load import load_vision_model
from fc_model.config.image_stage import ImageStageConfig
from fc_model.data.token_shards import Shards
from fc_model.errors import UserError
from fc_model.train.build import outputs
from fc_model.train.train_step import weights_of
from fc_model.vision.vlm import VisionLanguageModel
from fc_pipeline.engine.graph import Graph
from fc_pipeline.engine.step import Step
from fc_pipeline.lineage.cleaning_decisions import cleaning_artifacts, decision_lines
from fc_pipeline.lineage.lineage import steps_that_read, touched
from fc_pipeline.track.config import TrackConfig, parse_track, resolve_extends
from fc_pipeline.track.graph import build_graph

PAGE = Path(__file__).resolve().parents[3] / "docs" / "instructions.md"
VOCAB = 1000
EVAL_ITEM = "what does the silver fox say when nobody listens to it in the long cold winter night"


def example(**changes: Any) -> dict[str, Any]:
    """The attributes of the page's track, with the vocabulary of the shards of these tests."""
    text = re.search(r"```yaml\n(type: .*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert text is not None
    attributes = yaml.safe_load(text[1])["attributes"]
    return attributes | {"tokenizer": {"vocab_size": VOCAB}} | changes


def parse(**changes: Any) -> TrackConfig:
    return parse_track("talk", resolve_extends(example(**changes)))


@pytest.fixture(scope="module")
def dialogues(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to stand where `inbox/dialogues` does."""
    folder = tmp_path_factory.mktemp("work") / "inbox" / "dialogues"
    folder.mkdir(parents=True)
    rows = [talk(f"How many legs have {n} dogs?", f"They have {4 * n} legs.") for n in range(60)]
    rows += [rows[0], talk(EVAL_ITEM, "ring a ding"), talk("HOW many legs have 7 dogs", "28."), {"messages": []}]
    (folder / "a.jsonl").write_bytes(lines(*rows))
    return folder


@pytest.fixture(scope="module")
def graph(dialogues: Path) -> Graph:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(dialogues.parents[1])
        return build_graph([parse()])


@pytest.fixture(scope="module")
def built(
    graph: Graph, dialogues: Path, packed: Packed, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Artifact]:
    """Everything from the conversations to the export; what comes before them is made up where it does not matter."""
    store, track = Store(tmp_path_factory.mktemp("store")), parse()
    made = {"talk/tokenizer": packed.tokenizer, "talk/shards": packed.shards}
    made["evalsets/humaneval"] = build(store, "evalsets/humaneval", _write_items)
    made["talk/stages/multimodal_full"] = build(
        store, "talk/stages/multimodal_full", lambda step: _write_stage(step, track)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(dialogues.parents[1])
        for key in graph.closure(["talk/evals/sft_tools", "talk/exports/huggingface"]):
            if key not in made and _follows_from_conversations(key):
                inputs = {role: made[name] for role, name in graph[key].inputs.items()}
                made[key] = build(store, key, graph[key].function, graph[key].config, inputs, device="cpu")
    return made


def _follows_from_conversations(key: str) -> bool:
    parts = key.replace("/", "_").split("_")
    return not {"conversations", "instructions", "instruction", "sft", "exports"}.isdisjoint(parts)


def _write_items(step: Step) -> None:
    with step.out.records("items.jsonl.zst") as write:
        write({"id": "humaneval/1", "text": EVAL_ITEM, "answer": "ring a ding"})


def _write_stage(step: Step, track: TrackConfig) -> None:
    """The folder of a stage with images whose weights are random."""
    model = VisionLanguageModel(
        track.model, track.vision, training_heads=ImageStageConfig.model_construct(groups=[], queue_size=0)
    )
    step.out.write_text("config.json", track.model.model_dump_json())
    step.out.write_text("vision.json", track.vision.model_dump_json())
    folder = step.out.workspace("weights")
    for name, tensors in (outputs(weights_of(model)) | outputs(weights_of(model), suffix="ema")).items():
        save_file(tensors, folder / name)
        step.out.adopt(name, folder / name)


def test_every_conversation_is_somewhere(built: dict[str, Artifact]) -> None:
    read = built["conversations/my_dialogues"]
    assert read.manifest.counters.dropped == {"no_messages": 1}
    assert built["talk/conversations/unique"].manifest.counters.dropped["exact_duplicate"] > 1000
    (hit,) = read_records(built["talk/conversations/decontaminated"].path("hits.jsonl.zst"))
    assert hit["document"] == "my_dialogues/a.jsonl#61"
    sides = {
        record["id"]: side
        for side in ("train", "holdout")
        for record in read_records(built["talk/instructions"].path(f"{side}.jsonl.zst"))
    }
    assert sides["my_dialogues/a.jsonl#7"] == sides["my_dialogues/a.jsonl#62"]
    assert sum(name.startswith("my_dialogues") for name in sides) == 61
    assert hit["document"] not in sides


def test_the_stages_train_on_replies_and_leave_the_rest(built: dict[str, Artifact]) -> None:
    chat, tools = built["talk/stages/sft_chat"], built["talk/stages/sft_tools"]
    assert tools.manifest.recipe.inputs["start"].key == chat.key
    assert tools.manifest.recipe.config["stage"]["dropout"] == 0.05
    assert tools.metrics["holdout_loss"] < chat.metrics["holdout_loss"]
    assert {"holdout_text_bpb", "ema_text_bpb", "holdout_ppl"} <= tools.metrics.keys()
    before = built["talk/stages/multimodal_full"]
    assert tools.path("vision_ema.safetensors").read_bytes() == before.path("vision_ema.safetensors").read_bytes()
    load_vision_model(tools.folder)
    assert built["talk/evals/sft_tools"].metrics["bits_per_byte"] > 0
    export = built["talk/exports/huggingface"]
    assert export.manifest.recipe.inputs["stage"].key == tools.key


def test_licences_reach_the_export(built: dict[str, Artifact], graph: Graph) -> None:
    assert graph["talk/stages/sft_chat"].inputs["instructions"] == "talk/instruction_shards"
    assert {"talk/instructions", "conversations/my_dialogues"} <= set(graph["talk/report"].inputs.values())


def test_a_conversation_is_traced(built: dict[str, Artifact]) -> None:
    packed, stage = built["talk/instruction_shards"], built["talk/stages/sft_tools"]
    table = list(read_records(packed.path("documents.jsonl.zst")))
    row = next(n for n, record in enumerate(table) if record["id"] == "my_dialogues/a.jsonl#5")
    config = stage.manifest.recipe.config["stage"]
    steps = steps_that_read(packed, [row], config, num_steps=12, role="instructions")
    text = steps_that_read(built["talk/shards"], list(range(400)), config, num_steps=12)
    assert len(text) == 3 and set(steps).isdisjoint(text)
    items = {item.key: item.how for item in touched(Store(packed.folder.parents[2]), ["my_dialogues/a.jsonl#5"])}
    assert items["conversations/my_dialogues"] == items["talk/conversations/filtered"] == "source"
    assert items["talk/conversations/unique"] == items["talk/instruction_shards"] == "holds"
    assert items["talk/stages/sft_chat"] == "read" and items["talk/exports/huggingface"] == "derived"


def test_decisions_on_a_conversation(built: dict[str, Artifact], graph: Graph) -> None:
    class Built:
        def artifact(self, key: str) -> Artifact | None:
            return built.get(key)

    artifacts = cleaning_artifacts(graph, Built(), "talk")  # type: ignore[arg-type]
    lines_of = {
        name: [text for _, text in decision_lines(artifacts, f"my_dialogues/a.jsonl#{name}")] for name in (0, 60, 61)
    }
    assert [text.split()[1] for text in lines_of[0]] == ["kept", "kept", "kept"]
    assert lines_of[60][-1].endswith("dropped as exact_duplicate of my_dialogues/a.jsonl#0")
    assert "drop: holds humaneval/1" in lines_of[61][-1]


def test_weights_of_the_sources(built: dict[str, Artifact]) -> None:
    packed = built["talk/instruction_shards"]
    chat, tools = (Shards(packed.folder, f"train-{name}").domains for name in ("sft_chat", "sft_tools"))
    assert tools["my_dialogues"]["documents"] == 3 * chat["my_dialogues"]["documents"]
    share = tools["chatterbot_dialogues"]["documents"] / chat["chatterbot_dialogues"]["documents"]
    assert 0.4 < share < 0.6


def test_a_takedown_is_in_the_recipe(dialogues: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(dialogues.parents[1])
    without = build_graph([parse()], also_without=["my_dialogues/a.jsonl#5", "wikipedia_vital/x"])
    assert without["talk/conversations/unique"].config == {"removed": ["my_dialogues/a.jsonl#5"]}


def test_a_source_of_calls_is_read_by_its_own_step() -> None:
    holdout = {"blind": {"my_aws": ["lambda"]}}
    sources = ["chatterbot_dialogues", {"from": "aws_cli", "name": "my_aws", "calls": {"max_enum": 3}}]
    graph = build_graph([parse(instructions={"sources": sources, "holdout": holdout})])
    step = graph["conversations/my_aws"]
    assert "fetch_calls" in str(step.function) and step.config["calls"]["max_enum"] == 3
    assert graph["talk/conversations/filtered"].inputs["my_aws"] == "conversations/my_aws"
    assert graph["talk/instructions"].config["blind"] == holdout["blind"]


STAGES = example()["stages"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"instructions": None}, "stages.sft_chat is of kind sft: the track needs `instructions`"),
        ({"stages": {}}, "instructions belong to a track with a stage of kind sft: add one"),
        (
            {"stages": STAGES | {"sft_chat": STAGES["sft_chat"] | {"seq_len": 64}}},
            "their seq_len differ .sft_chat 64 and sft_tools 128.: take one",
        ),
        (
            {"instructions": {"sources": ["alpaca_demo"], "stages": {"sft_talk": {"alpaca_demo": 1}}}},
            "'sft_talk' is no stage of kind sft",
        ),
        (
            {"instructions": {"sources": ["alpaca_demo"], "stages": {"sft_chat": {"alpaca_demo": 0}}}},
            "sft_chat: no source comes: give one a weight",
        ),
        (
            {"instructions": {"sources": ["alpaca_demo"], "filtering": {"filters": [{"kind": "unicode"}]}}},
            "filter unicode edits or models documents, not conversations",
        ),
        ({"instructions": {"sources": []}}, "instructions.sources is empty: name one"),
        (
            {"instructions": {"sources": ["alpaca_demo"], "stages": {"sft_chat": {"alpaca": 1}}}},
            "'alpaca' is no source of the track.*alpaca_demo",
        ),
        (
            {"instructions": {"sources": ["aws_cli"], "holdout": {"blind": {"aws": ["ec2"]}}}},
            "instructions.holdout.blind: 'aws' is no source of the track.*aws_cli",
        ),
        ({"instructions": {"sources": ["alpacca_demo"]}}, "conversations 'alpacca_demo' is not in the catalogue"),
    ],
)
def test_what_does_not_fit_is_said_in_a_line(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=rf"^[^\n]*{message}[^\n]*$"):
        build_graph([parse(**changes)])
