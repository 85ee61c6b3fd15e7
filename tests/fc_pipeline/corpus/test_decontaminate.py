"""Planted eval items are found at every offset and named; everything else stays as it was."""

import json
import random
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from factories.documents import document, records

from fc_model.artifacts import Artifact, Store
from fc_pipeline.corpus.config import DecontaminationConfig
from fc_pipeline.corpus.decontaminate import decontaminate
from fc_pipeline.corpus.decontamination.decisions import decontaminated
from fc_pipeline.corpus.decontamination.ngram_index import words_of
from fc_pipeline.engine.step import Step
from fc_pipeline.lineage.cleaning_decisions import decision_lines, drop_lines

Make = Callable[..., Artifact]
WORDS = random.Random(0).sample([f"{a}{b}{c}" for a in "bdfgklm" for b in "aeiou" for c in "nrst"], 140)


def sentence(seed: int, length: int) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=length))


@pytest.fixture
def evalset(run_step: Make) -> Make:
    """evalset(name, {item: text or (question, answer)}) -> an artifact with items.jsonl.zst."""

    def make(name: str, items: dict[str, Any]) -> Artifact:
        def write(step: Step) -> None:
            with step.out.records("items.jsonl.zst") as keep:
                for item, text in items.items():
                    question, answer = text if isinstance(text, tuple) else (text, "")
                    keep({"id": f"{name}/{item}", "text": question, "answer": answer, "fields": {}})

        return run_step(write, f"evalsets/{name}", {"items": str(items)})

    return make


@pytest.fixture
def clean(run_step: Make, corpus: Make) -> Make:
    """clean({id: text}, workers=1, {set: artifact}, **config) -> the decontaminated artifact."""

    numbers = count()

    def run(documents: dict[str, str], sets: dict[str, Artifact], workers: int = 1, **changes: Any) -> Artifact:
        made = [document(name, text, cluster=name) for name, text in documents.items()]
        roles = {f"evalsets/{name}": artifact for name, artifact in sets.items()}
        source = corpus(made, key=f"corpus/demo{next(numbers)}/deduplicated")
        source.manifest.metrics["text_bytes"] = sum(len(text.encode()) for text in documents.values())
        settings = DecontaminationConfig(evalsets=sorted(sets), **changes).model_dump(mode="json")
        return run_step(decontaminate, "corpus/demo/decontaminated", settings, workers, documents=source, **roles)

    return run


def source_of(result: Artifact) -> Artifact:
    source = result.manifest.recipe.inputs["documents"]
    documents = Store(result.folder.parents[3]).find(source.key, source.identity)
    assert documents is not None
    return documents


def left(result: Artifact) -> list[dict[str, Any]]:
    """The documents as they go on."""
    return list(decontaminated(source_of(result), result))


def test_planted_items(clean: Make, evalset: Make) -> None:
    item = sentence(1, 20).split()
    sets = {"quiz": evalset("quiz", {"a": " ".join(item), "b": sentence(2, 30)})}
    planted = {f"at {start}": " ".join(item[start : start + 13]) for start in range(8)}
    documents = {
        name: f"{sentence(n + 20, 40)} {text.upper()}, {sentence(n + 50, n)}"
        for n, (name, text) in enumerate(planted.items())
    }
    documents |= {
        f"near {start}": f"{' '.join(item[start : start + 12])} {sentence(start + 99, 30)}" for start in range(9)
    }
    result = clean(documents, sets)
    hits = {hit["document"]: hit for hit in records(result, "hits")}
    assert hits.keys() == planted.keys()
    for name, text in planted.items():
        assert hits[name] == {
            "document": name, "source": "demo", "evalset": "quiz", "item": "quiz/a", "ngrams": 1, "coverage": 0.125,
            "matched": text, "word": 40, "action": "drop",
        }  # fmt: skip
    assert [one["id"] for one in left(result)] == [f"near {n}" for n in range(9)]
    assert all(one["meta"]["cluster"] for one in left(result))
    for name, decisions in {"near 0": ["kept", "kept"], "at 0": ["kept", "drop:"], "nobody": []}.items():
        assert [line.split()[1] for _, line in decision_lines([source_of(result), result], name)] == decisions
    dropped = records(result, "dropped/contaminated_quiz")
    assert [record["id"] for record in dropped] == list(planted)
    assert [text.split()[0] for _, text in drop_lines([result])] == ["8", "8"]
    counters = result.manifest.counters
    assert (counters.read, counters.kept, counters.dropped) == (17, 9, {"contaminated_quiz": 8})
    assert result.metrics["touched_items_quiz"] == result.metrics["clean_items_quiz"] == 1
    about = json.loads(result.path("items.json").read_text("utf-8"))
    assert about == {"quiz": {"items": 2, "touched": ["quiz/a"], "unchecked": []}}


def test_short_items_and_answers(clean: Make, evalset: Make) -> None:
    items = {"short": sentence(3, 9), "tiny": sentence(4, 7), "pair": (sentence(5, 6), sentence(6, 7))}
    held = {"short": sentence(3, 9), "tiny": sentence(4, 7), "pair": f"{sentence(5, 6)} {sentence(6, 7)}"}
    documents = {name: f"{sentence(9, 20)} {text}" for name, text in held.items()}
    documents["cut short"] = sentence(3, 8)
    result = clean(documents, {"quiz": evalset("quiz", items)})
    assert [(hit["document"], hit["item"]) for hit in records(result, "hits")] == [
        ("short", "quiz/short"),
        ("pair", "quiz/pair"),
    ]
    assert json.loads(result.path("items.json").read_text("utf-8"))["quiz"]["unchecked"] == ["quiz/tiny"]


MOONS = "Which planet of our solar system has the most known moons today?"
CHOICES = ("Jupiter", "Saturn", "Mars", "Venus")
FORMS = {
    "stored": f"{MOONS}\n- Jupiter\n- Saturn\n- Mars\n- Venus\nSaturn",
    "lettered": f"Question: {MOONS}\nA. Jupiter\nB. Saturn\nC. Mars\nD. Venus\nAnswer: Saturn",
    "small letters": f"{MOONS}\na) Jupiter\nb) Saturn\nc) Mars\nd) Venus",
    "in line": f"Q: {MOONS} (A) Jupiter (B) Saturn (C) Mars (D) Venus\nA: B",
    "answered": f"### Question\n{MOONS}\n### Answer\nSaturn",
    "alone": f"{MOONS} Nobody knows.",
    "emphasis": MOONS.replace("the most", "_the most_"),
}


def test_the_forms_in_which_items_are_written(clean: Make, evalset: Make) -> None:
    """A question of eight words or more is found alone, whatever follows it."""
    stored = "\n- ".join((MOONS, *CHOICES))
    brief = "\n- ".join(("What keeps warm?", "a red brick", "deep cold water", "the morning sun", "wind"))
    sets = {"quiz": evalset("quiz", {"moons": (stored, "Saturn"), "brief": (brief, "the morning sun")})}
    documents = {
        name: f"{sentence(n, 30)}\n\n{text}\n\n{sentence(n + 9, 20)}" for n, (name, text) in enumerate(FORMS.items())
    }
    documents["brief"] = "What keeps warm?\nA. a red brick\nB. deep cold water\nC. the morning sun\nD. wind\nAnswer: C"
    documents["a phrase"] = f"{sentence(50, 20)} what keeps warm? {sentence(51, 20)}"
    result = clean(documents, sets)
    assert [one["id"] for one in left(result)] == ["a phrase"]
    assert {hit["item"] for hit in records(result, "hits")} == {"quiz/moons", "quiz/brief"}


def test_items_that_would_not_be_found_count_as_unchecked(clean: Make, evalset: Make) -> None:
    quiz = evalset("quiz", {"moons": (MOONS, "Saturn"), "tiny": ("What is fire?", "hot air")})
    answered = evalset("told", {"long answer": ("What is fire?", sentence(8, 20))})
    result = clean({"d": sentence(1, 30)}, {"quiz": quiz, "told": answered})
    assert json.loads(result.path("items.json").read_text("utf-8"))["quiz"]["unchecked"] == ["quiz/tiny"]
    metrics = result.metrics
    assert (metrics["recall_quiz"], metrics["recall_lettered_quiz"], metrics["recall_min"]) == (0.5, 0.5, 0.5)
    assert (metrics["recall_told"], metrics["recall_question_alone_told"]) == (1, 0)
    assert (metrics["clean_items_quiz"], metrics["unchecked_items_quiz"]) == (1, 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A. Jupiter (b) Saturn", "jupiter saturn"),
        ("Q: who? A: _me_", "who me"),
        ("Question 3\nAnswer: answers", "3 answers"),
        ("蜗牛 is 慢", "蜗 牛 is 慢"),
        ("snake_case x = a1 + b", "snake case x a1"),
    ],
)
def test_words(text: str, words: str) -> None:
    assert words_of(text) == words.split()


def test_ignored_ngrams(clean: Make, evalset: Make) -> None:
    """N-grams of a prompt, of a common phrase and of an enumeration are no hits."""
    prompt, phrase, counting = sentence(10, 13), sentence(11, 13), " ".join(map(str, range(13)))
    items = {f"{n}": f"{prompt} {sentence(100 + n, 14)}" for n in range(25)}
    items |= {"phrase": f"{phrase} {sentence(12, 14)}", "counting": counting}
    documents = {f"phrase {n}": f"{phrase} {sentence(200 + n, 5)}" for n in range(21)}
    documents |= {"prompt": prompt, "counting": f"so {counting}", "item": sentence(100, 14)}
    result = clean(documents, {"quiz": evalset("quiz", items)})
    assert [hit["document"] for hit in records(result, "hits")] == ["item"]
    ignored = {record["why"]: record for record in records(result, "ignored")}
    assert {why: record["ngram"] for why, record in ignored.items()} == {
        "prompt": prompt, "phrase": phrase, "enumeration": counting
    }  # fmt: skip
    assert (ignored["prompt"]["count"], ignored["phrase"]["count"]) == (25, 21)
    assert [result.metrics[f"ignored_{why}s"] for why in ("prompt", "phrase", "enumeration")] == [1, 1, 1]
    assert json.loads(result.path("items.json").read_text("utf-8"))["quiz"]["unchecked"] == ["quiz/counting"]


def test_min_coverage(clean: Make, evalset: Make) -> None:
    item = sentence(1, 32)
    documents = {"some": " ".join(item.split()[:20]), "most": " ".join(item.split()[:26])}
    result = clean(documents, {"quiz": evalset("quiz", {"a": item})}, min_coverage=0.5)
    assert [(hit["document"], hit["coverage"]) for hit in records(result, "hits")] == [("most", 0.7)]


@pytest.mark.parametrize("margin", [0, 30])
def test_cut(clean: Make, evalset: Make, margin: int) -> None:
    item = sentence(1, 20)
    before, after = sentence(2, 60), sentence(3, 60)
    documents = {"in the middle": f"{before} {item} {after}", "mostly": f"{item} {sentence(4, 5)}", "clean": before}
    sets = {"quiz": evalset("quiz", {"a": item})}
    result = clean(documents, sets, action="cut", cut_margin=margin)
    kept = {record["id"]: record for record in left(result)}
    assert list(kept) == ["in the middle", "clean"]
    head, tail = kept["in the middle"]["text"].split("\n\n")
    assert before.startswith(head) and after.endswith(tail)
    assert margin <= len(before) - len(head) < margin + 6 or (margin == 0 and head == before)
    assert kept["clean"]["text"] == before and kept["clean"]["meta"] == {"cluster": "clean"}
    assert kept["in the middle"]["meta"]["decontaminated_chars"] >= len(item)
    assert result.metrics["cut_documents"] == 1
    assert result.manifest.counters.dropped == {"contaminated_quiz": 1}
    again = clean({name: record["text"] for name, record in kept.items()}, sets)
    assert again.metrics["hits"] == 0


def test_workers(clean: Make, evalset: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    sets = {
        "quiz": evalset("quiz", {str(n): sentence(n, 20) for n in range(30)}),
        "other": evalset("other", {"x": sentence(77, 15)}),
    }
    documents = {str(n): f"{sentence(500 + n, 30)} {sentence(n, 20) if n % 7 == 0 else ''}" for n in range(60)}
    monkeypatch.setattr("fc_pipeline.corpus.decontaminate._CHUNK_CHARS", 2000)
    one = clean(documents, sets)
    assert one.metrics["contaminated_documents"] == 5
    assert clean(documents, sets, workers=2).digest == one.digest


@pytest.mark.parametrize("with_set", [False, True])
def test_no_hits(clean: Make, corpus: Make, evalset: Make, with_set: bool) -> None:
    documents = {str(n): sentence(n, 40) for n in range(5)}
    result = clean(documents, {"quiz": evalset("quiz", {"a": sentence(99, 20)})} if with_set else {})
    assert {record["id"]: record["text"] for record in left(result)} == documents
    assert result.metrics["documents"] == result.manifest.counters.read == result.manifest.counters.kept == 5
    assert records(result, "hits") == [] and json.loads(result.path("drops.json").read_text("utf-8")) == {}


def test_config_refused() -> None:
    for settings, message in (({"min_words": 14}, "exceeds ngram"), ({"evalsets": ["a", "a"]}, "named twice")):
        with pytest.raises(ValueError, match=message):
            DecontaminationConfig.model_validate(settings)
