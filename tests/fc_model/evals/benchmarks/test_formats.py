"""Rows of the hub's formats as prompts, and rows that are wrong."""

import copy
from typing import Any

import pytest
from factories.benchmark_rows import BY_TASK

from fc_model.errors import UserError
from fc_model.evals.benchmarks.item import Item, prompt_of
from fc_model.evals.benchmarks.tasks import TASKS, split_examples


def read(task: str, row: dict[str, Any]) -> Item:
    return TASKS[task].read(row, "7", f"{task}: file.jsonl, item 7")


def test_prompts_are_worded_as_the_task_definitions() -> None:
    arc = read("arc_easy", BY_TASK["arc_easy"][0])
    assert (arc.prompt, arc.right) == ("Question: Which of these conducts electricity best?\nAnswer:", {1})
    scene = read("hellaswag", BY_TASK["hellaswag"][1])
    assert scene.prompt == "Health: How to sleep. Go to bed early. Rest."
    assert scene.choices[0] == " Dim the light. Read." and scene.choices[1] == "Run a mile.. Then shout."
    letters = [read("mmlu", row) for row in BY_TASK["mmlu"]]
    examples, asked = split_examples(letters, 1, where="mmlu")
    assert prompt_of(asked[0], examples["high_school_biology"]) == (
        "The following are multiple choice questions (with answers) about high school biology.\n\n"
        "What lives longest?\nA. high_school_biology 0\nB. a pawn\nC. the Nile\nD. 12 apples\nAnswer: A\n\n"
        "Which is a bone?\nA. high_school_biology 1\nB. a pawn\nC. the Nile\nD. 12 apples\nAnswer:"
    )
    truth = read("truthfulqa_mc2", BY_TASK["truthfulqa_mc2"][1])
    assert truth.prompt.endswith("Barcelona, Spain.\n\nQ: Where did fortune cookies originate?\nA:")
    assert truth.right == {0, 2}


def test_a_row_that_is_written_already_is_taken_as_it_is() -> None:
    item = read("hellaswag", {"query": "He [sic] ", "choices": ["runs", "sits"], "gold": "1"})
    assert (item.prompt, item.choices, item.right) == ("He [sic] ", ("runs", "sits"), {1})


@pytest.mark.parametrize(
    ("task", "changes", "message"),
    [
        ("arc_easy", {"question": None}, "arc_easy: file.jsonl, item 7: question is a NoneType, not a text"),
        ("arc_easy", {"answerKey": "E"}, r"answerKey is 'E', and the labels of 4 choices are \['A', 'B', 'C', 'D'\]"),
        ("arc_easy", {"choices": {"text": ["a", "b", "c"], "label": ["A", "B"]}}, "the labels of 3 choices are"),
        ("arc_easy", {"choices": {"text": ["a", "b"], "label": ["B", "B"]}}, r"of 2 choices are \['B', 'B'\]"),
        ("arc_easy", {"choices": {"text": ["one"], "label": ["A"]}}, "choices has 1 choices, which leaves none"),
        ("arc_easy", {"choices": ["a", "b"]}, "choices has no 'text'"),
        ("arc_easy", {"choices": {"text": ["a", " \n"], "label": ["A", "B"]}}, "choice 1 of choices is empty"),
        ("hellaswag", {"label": "4"}, "label is '4', and the choices are 0 to 3"),
        ("hellaswag", {"label": ""}, "label is '', and the choices are"),
        ("hellaswag", {"label": "9" * 5000}, "label is '9999"),
        ("hellaswag", {"endings": ["a", "[step]"]}, "an ending is empty without its brackets"),
        ("mmlu", {"answer": -1}, "answer is -1, and the choices are 0 to 3"),
        ("mmlu", {"answer": True}, "answer is True"),
        ("mmlu", {"choices": ["a", "b", "c"]}, "has 3 choices instead of 4"),
        ("truthfulqa_mc1", {"mc1_targets": {"choices": ["a", "b", "c"], "labels": [1, 1, 0]}}, "more than one label 1"),
        ("truthfulqa_mc2", {"mc2_targets": {"choices": ["a", "b"], "labels": [0, 0]}}, "and both among them"),
        ("truthfulqa_mc2", {"mc2_targets": {"choices": ["a", "b"], "labels": [1, 1]}}, "and both among them"),
        ("truthfulqa_mc2", {"mc2_targets": {"choices": ["a", "b"], "labels": [1]}}, "a label 0 or 1 for each choice"),
        ("gsm8k", {"answer": "five"}, "answer has no `#### ` in front of its number"),
    ],
)
def test_what_is_wrong_with_a_row_is_one_line_that_names_it(task: str, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        read(task, {**copy.deepcopy(BY_TASK[task][0]), **changes})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("task", sorted(TASKS))
def test_a_missing_column_is_named_with_those_that_are_there(task: str) -> None:
    with pytest.raises(UserError, match=r"no column '\w+', it has 'prompt', 'idx'; correct the file"):
        read(task, {"prompt": "x", "idx": 1})


def test_too_few_examples_are_refused_by_group() -> None:
    items = [read("mmlu", row) for row in BY_TASK["mmlu"]]
    with pytest.raises(UserError, match="mmlu: has 4 items of high_school_biology for 5 examples: lower shots"):
        split_examples(items, 5, where="mmlu")
