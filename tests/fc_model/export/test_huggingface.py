"""The Hugging Face folder: loads with transformers, computes and tokenizes the same."""

import json
import random
from pathlib import Path

import pytest
import torch
import transformers
from factories.tiny_exports import Exports, python_sources, tiny_model

from fc_model.errors import UserError
from fc_model.export.huggingface import export_huggingface, load_huggingface
from fc_model.export.transformers_runtime import TransformersModel, tokenize_with_transformers
from fc_model.tokenizer import Tokenizer

EDGE_STRINGS = (
    *("", " ", "  ", "\n", "\n\n", "\t\t x", " leading", "trailing ", "a  b   c", "\r\n", "\x00", "\x7f"),
    *("é", "e\u0301", "日本語", "🙂🙂", "\u200b", "ﬁ", "a\u2581b", "1234567890", "http://a.b/c?d=1#e"),
    *("<unk>", "<s>", "</s>", "<image>", "<0x0A>", "x<sys>y</sys>"),
)


@pytest.mark.parametrize("changes", [{}, {"tie_embeddings": False}, {"head_dim": 32, "num_kv_heads": 4}])
def test_logits_are_equal_and_it_loads_as_our_decoder_again(
    exports: Exports, tmp_path: Path, changes: dict[str, object]
) -> None:
    model = tiny_model(**changes)
    export_huggingface(model, model.config, exports.tokenizer_file, tmp_path)
    ids = list(range(300, 400))
    with torch.inference_mode():
        expected = model(torch.tensor([ids]))[0]
    assert (torch.from_numpy(TransformersModel(tmp_path).logits(ids)) - expected).abs().max() < 1e-4
    loaded, tensors = load_huggingface(tmp_path), model.state_dict()
    assert loaded.state_dict().keys() == tensors.keys()
    assert all(torch.equal(tensor, tensors[name]) for name, tensor in loaded.state_dict().items())
    inits = {"embedding_init_std": 0.02, "head_init_std": 0.0, "zero_init_outputs": True}
    assert loaded.config.model_dump() == model.config.model_dump() | inits


def test_config_serves_readers_of_both_generations(exports: Exports) -> None:
    content = json.loads((exports.huggingface / "config.json").read_text())
    assert content["rope_theta"] == content["rope_parameters"]["rope_theta"] == 50_000.0
    config = transformers.AutoConfig.from_pretrained(exports.huggingface)
    assert (config.bos_token_id, config.eos_token_id, config.pad_token_id) == (1, 2, 3)
    assert config.tie_word_embeddings is True


def test_ids_are_those_of_our_tokenizer(exports: Exports) -> None:
    ours = Tokenizer(exports.tokenizer_file)
    lines = [line for text in python_sources("email") for line in text.splitlines(keepends=True)]
    drawn = random.Random(0)
    runs = ["".join(drawn.choices(["  ", "=", "==", "a", "\n", "(", "-"], k=60)) for _ in range(500)]
    texts = [*EDGE_STRINGS, *lines[:4000], *runs, *exports.texts]
    ids_of_texts = tokenize_with_transformers(exports.huggingface, texts)
    misses = [text for text, ids in zip(texts, ids_of_texts, strict=True) if ids != ours.encode(text)]
    assert misses == []


def test_text_cannot_name_special_tokens_unless_asked_to(exports: Exports) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(exports.huggingface, local_files_only=True)
    assert (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id) == (1, 2, 3)
    for text in ("</s>", "a <image> b", "<unk><s>"):
        ids = Tokenizer(exports.tokenizer_file).encode(text)
        assert tokenizer(text)["input_ids"] == [1, *ids]  # a document begins with BOS
        assert tokenizer([text], add_special_tokens=False)["input_ids"] == [ids]
        assert not set(ids) & set(tokenizer.all_special_ids)
    assert tokenizer.encode("</s>", split_special_tokens=False) == [1, 2]
    text = "  def f(x):\n\treturn 'é 日本 🙂 \u2581'  "
    assert tokenizer.decode(tokenizer.encode(text), skip_special_tokens=True) == text


def test_the_calls_of_a_model_card(exports: Exports) -> None:
    """`generate(**inputs)`, and a batch, whose shorter text continues as it does alone."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(exports.huggingface, local_files_only=True)
    model = transformers.AutoModelForCausalLM.from_pretrained(exports.huggingface, local_files_only=True)
    batch = tokenizer(["def f(x):", "import os, sys\n\nclass Reader:"], return_tensors="pt", padding=True)
    assert set(batch) == {"input_ids", "attention_mask"} and batch["attention_mask"][0, 0] == 0
    settings = {"max_new_tokens": 8, "do_sample": False, "pad_token_id": tokenizer.pad_token_id}
    together = model.generate(**batch, **settings)[:, batch["input_ids"].shape[1] :]
    for row, text in enumerate(["def f(x):", "import os, sys\n\nclass Reader:"]):
        alone = tokenizer(text, return_tensors="pt")
        assert model.generate(**alone, **settings)[0, alone["input_ids"].shape[1] :].tolist() == together[row].tolist()


def test_refusals(exports: Exports, tmp_path: Path) -> None:
    alibi = tiny_model(position="alibi")
    with pytest.raises(UserError, match=r"model\.position is alibi"):
        export_huggingface(alibi, alibi.config, exports.tokenizer_file, tmp_path)
    with pytest.raises(UserError, match=r"config\.json can't be read"):
        load_huggingface(tmp_path)
    model = exports.model
    export_huggingface(model, model.config, exports.tokenizer_file, tmp_path)
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(UserError, match=r"model\.safetensors does not fit"):
        load_huggingface(tmp_path)


def test_equal_models_give_equal_bytes(exports: Exports, tmp_path: Path) -> None:
    model = tiny_model()
    export_huggingface(model, model.config, exports.tokenizer_file, tmp_path)
    for file in sorted(exports.huggingface.iterdir()):
        assert (tmp_path / file.name).read_bytes() == file.read_bytes(), file.name
