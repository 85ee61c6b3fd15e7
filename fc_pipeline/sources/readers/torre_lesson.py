"""Chess lessons of the package torre: JSON with steps that explain, ask and annotate games."""

from collections.abc import Iterator
from typing import Any

from fc_pipeline.catalogue.bad_input import BadInput
from fc_pipeline.sources.readers.item import Item, decode
from fc_pipeline.sources.readers.strict_json import parse_json
from fc_pipeline.sources.schema import FileSpec


def read(data: bytes, spec: FileSpec) -> Iterator[Item]:
    """One document a lesson. Raises BadInput for a file that is none."""
    lesson = parse_json(decode(data))
    try:
        parts = [f"# {lesson['title']}", lesson["summary"]]
        for step in lesson["steps"]:
            parts += [f"## {step['title']}", *_step(step)]
        meta = {"category": lesson["category"], "level": lesson["level"]}
    except (KeyError, TypeError, AttributeError) as error:
        raise BadInput("invalid_lesson", repr(error)) from error
    yield Item("", "\n\n".join(str(part) for part in parts if part), meta)


def _step(step: dict[str, Any]) -> Iterator[str]:
    """What a step shows (the position in Forsyth-Edwards notation), says and asks, moves in UCI."""
    if "fen" in step:
        yield f"Position: {step['fen']}"
    yield step.get("text", "")
    if "prompt" in step:
        yield f"Task: {step['prompt']}\nHint: {step['hint']}\nMoves: {' '.join(step['line'])}\n{step['success']}"
    if "question" in step:
        yield "\n".join([f"Question: {step['question']}", *(_option(option) for option in step["options"])])
    if "moves" in step:
        yield f"Moves: {' '.join(step['moves'])}"
    if "notes" in step:
        yield "\n".join(f"- {note['text']}" for note in step["notes"])
    for guess in step.get("guesses", []):
        yield f"Question: {guess['prompt']}\nHint: {guess['hint']}\nAnswer: {guess['why']}"
    if not step.keys() & {"text", "prompt", "question", "moves"}:  # the exercises for children say it all aloud
        yield step["narration"]


def _option(option: dict[str, Any]) -> str:
    return f"- {option['text']} ({'right' if option.get('correct') else 'wrong'}: {option['why']})"
