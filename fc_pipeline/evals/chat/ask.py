"""The model is asked, and every reply is scored and written."""

from collections.abc import Callable, Sequence
from typing import Any

from fc_model.evals.chat.dialogues import dialogue_of, play
from fc_model.evals.chat.failures import Failures, error_of
from fc_model.evals.chat.figures import Tally
from fc_model.evals.chat.pairwise import Judge, Prompt, verdict_shares
from fc_model.evals.chat.replies import Speaker, Written
from fc_model.evals.chat.turns import right_tools_chance, turn_scores
from fc_model.tools.sandbox import Sandbox
from fc_pipeline.engine.step import Step
from fc_pipeline.evals.chat.material import HeldOut, Ready, as_conversation, shuffled

Write = Callable[[dict[str, Any]], None]
Replies = dict[Prompt, Written]
"""Not by id: a document and a conversation of one file have the same."""


def ask_turns(
    step: Step, speaker: Speaker, turns: Sequence[Ready], write: Write, failures: Failures
) -> tuple[dict[str, Tally], Tally]:
    """(scores by bound: `bounded` as in chat, `ungrounded` where that quotes what is stated, `free`; what a guess
    gets). Errors of the first are added to `failures`.

    A turn of blind tools is no failure of any kind: what they show must not lead to what is trained on.
    """
    tallies, chance = dict[str, Tally](), Tally()

    def report(done: int) -> None:
        step.runtime.report({"evaluation": "turns", "step": done, "steps": len(turns)})

    written = speaker.free([one.prompt for one in turns], report)
    for one, freely in zip(turns, written, strict=True):
        replies = {"bounded": speaker.bounded(one.prompt, freely, one.form), "free": freely}
        if speaker.grounding != "none":
            replies["ungrounded"] = replies["bounded"]
            replies["bounded"] = speaker.bounded(one.prompt, freely, speaker.grounded_form(one.turn.before))
        scores = {name: turn_scores(one.turn, reply, one.schemas) for name, reply in replies.items()}
        for name, of_reply in scores.items():
            tallies.setdefault(name, Tally()).add(of_reply, one.turn.kinds)
        if (guessed := right_tools_chance(one.turn)) is not None:
            chance.add({"right_tools": [guessed]}, one.turn.kinds)
        expected = [{"name": call.name, "arguments": call.arguments} for call in one.turn.expected.tool_calls]
        about = {"table": "turns", "id": one.turn.id, "kinds": one.turn.kinds, "expected": expected}
        error = error_of(one.turn, replies["bounded"], one.schemas)
        if not one.origin.meta.get("blind"):
            failures.add(error, **one.origin.error_counts_for(one.turn))
        shown = {name: _shown(reply) for name, reply in replies.items()}
        write({**about, **shown, "scores": scores, "error": error})
    return tallies, chance


def play_dialogues(
    step: Step, speaker: Speaker, conversations: Sequence[HeldOut], *, max_dialogues: int, seed: int, write: Write
) -> Tally:
    tally, played = Tally(), 0
    with Sandbox() as sandbox:
        for one in shuffled(conversations, seed=seed):
            if played == max_dialogues:
                break
            dialogue = dialogue_of(one.conversation, sandbox, name=one.id, kinds=one.kinds)
            if dialogue is None:
                continue
            score, messages = play(speaker, dialogue, sandbox)
            played += 1
            tally.add({"answers": [score]}, dialogue.kinds)
            write(
                {
                    "table": "dialogues",
                    "id": one.id,
                    "expected": dialogue.expected,
                    "messages": messages,
                    "score": score,
                }
            )
            step.runtime.report({"evaluation": "dialogues", "step": played, "steps": max_dialogues})
    return tally


def reply_to(speaker: Speaker, prompts: Sequence[Prompt]) -> Replies:
    """Replies in the chat format; a prompt that leaves no room in the context gets an empty one."""
    asked = [(prompt, as_conversation(prompt)) for prompt in prompts]
    ready = [(prompt, ids, speaker.form(one)) for prompt, one in asked if (ids := speaker.prompt(one)) is not None]
    free = speaker.free([ids for _, ids, _ in ready])
    bounded = {
        prompt: speaker.bounded(ids, freely, form) for (prompt, ids, form), freely in zip(ready, free, strict=True)
    }  # fmt: skip
    return {prompt: bounded.get(prompt, Written()) for prompt in prompts}


def check_replies(prompts: Sequence[Prompt], replies: Replies, write: Write) -> Tally:
    tally = Tally()
    for prompt in prompts:
        text = replies[prompt].text
        strict = [one.followed_by(text) for one in prompt.instructions]
        loose = [one.loosely_followed_by(text) for one in prompt.instructions]
        tally.add({"prompts_strict": [float(all(strict))], "prompts_loose": [float(all(loose))]})
        for one, is_strict, is_loose in zip(prompt.instructions, strict, loose, strict=True):
            scores = {"instructions_strict": [float(is_strict)], "instructions_loose": [float(is_loose)]}
            tally.add(scores, (one.kind.replace("_", " "),))
        about = {"table": "instructions", "id": prompt.id, "prompt": prompt.text, "reply": text}
        write({**about, "kinds": [one.kind for one in prompt.instructions], "strict": strict, "loose": loose})
    return tally


def compare_replies(prompts: Sequence[Prompt], ours: Replies, theirs: Replies, judge: Judge, write: Write) -> Tally:
    tally, verdicts = Tally(), []
    for prompt in prompts:
        verdict = judge(prompt, ours[prompt], theirs[prompt])
        verdicts.append(verdict)
        replies = {"reply": ours[prompt].text, "against": theirs[prompt].text}
        write({"table": "win_rate", "id": prompt.id, "prompt": prompt.text, **replies, "verdict": verdict})
    tally.add(verdict_shares(verdicts))
    return tally


def _shown(reply: Written) -> dict[str, Any]:
    return {"text": reply.text, "reasoning": reply.reasoning, "calls": reply.calls, "ended": reply.ended}
