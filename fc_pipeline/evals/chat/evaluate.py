"""The step that asks a stage's model held-out turns, dialogues and prompts."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fc_model.artifacts import Artifact
from fc_model.chat.text import SentencePieceCodec
from fc_model.checkpoints.load import Weights, load_decoder
from fc_model.device import pick_device, set_threads
from fc_model.evals.chat.failures import Failures
from fc_model.evals.chat.figures import ALL, Tally, rows_of
from fc_model.evals.chat.known_replies import prompt_faults, turn_faults
from fc_model.evals.chat.pairwise import Judge, judge_by_rules
from fc_model.evals.chat.replies import Speaker
from fc_model.evals.chat.turns import rules_out
from fc_model.evals.control import shuffle_weights
from fc_pipeline.engine.step import Step
from fc_pipeline.evals.chat.ask import ask_turns, check_replies, compare_replies, play_dialogues, reply_to
from fc_pipeline.evals.chat.config import ChatEvalsConfig, EndpointJudge
from fc_pipeline.evals.chat.endpoint import Endpoint
from fc_pipeline.evals.chat.material import choose_turns, instruction_prompts, openings, read_conversations, shuffled
from fc_pipeline.evals.chat.problems import ask_problems, choose_problems
from fc_pipeline.evals.chat.report import OTHER_BOUNDS
from fc_pipeline.feedback.proposal import FAILURES

_FAULTS_LISTED = 20


def evaluate_chat(step: Step) -> None:
    """Writes metrics.json, and items.jsonl.zst: every turn, dialogue, prompt and comparison with its reply and scores;
    and failures.json: the turns that went wrong by source, kind and tool (`Failures.to_record`).

    config: ChatEvalsConfig without `stages`, and `weights`, the judged ones. inputs: `stage`, `tokenizer`,
    `instructions` with the held-out conversations, `held_out/<source>` with more of them in HELD_OUT_FILES,
    `documents` with the held-out text, and `against`, the stage that replies are compared with, where `win_rate` names
    one.
    Metrics: each score, and `_low`, `_high` (95%, bootstrap), `_items`, `_random` (shuffled weights) and `_chance` of
    it; `_in_<group>` for a kind of conversation, problem or instruction. The scores: CALL_SCORES (turns.py), bounded as
    in chat, with `_ungrounded` behind the name by chat format and schemas alone, and with `_free` without a bound;
    `answers` of whole dialogues;
    `exact_answers` and `true_equations` of problems; `prompts_strict`, `prompts_loose`, `instructions_strict`,
    `instructions_loose`; `wins`, `losses`, `ties`, `wins_of_decided`. A score without items has no metric, so a gate on
    it fails.
    Also: turns_too_long, turns_unenforceable; turns_not_grounded, whose reference quotes what may not be quoted;
    problems_too_long, judge_unreadable; scoring_failures, the turns and
    prompts on which replies whose worth is known do not get it (known_replies.py).
    """
    weights: Weights = step.config["weights"]
    config = ChatEvalsConfig.model_validate({name: value for name, value in step.config.items() if name != "weights"})
    set_threads(step.runtime.threads)
    judge = _judge(config)
    speaker = _speaker(step, "stage", weights, config)
    others = [step.inputs[role] for role in sorted(step.inputs) if role.startswith("held_out/")]
    files = read_conversations(step.inputs["instructions"], others)
    conversations = [conversation for file in files for conversation in file]
    turns = choose_turns(files, speaker, max_turns=config.max_turns, seed=config.seed)
    thinker = replace(speaker, max_tokens=config.max_problem_tokens)
    parts_own = [conversation for file in files[1:] for conversation in file]
    problems, problems_too_long = choose_problems(
        parts_own, thinker, max_problems=config.max_problems, seed=config.seed
    )
    prompts = instruction_prompts(
        step.inputs["documents"], max_prompts=config.max_prompts, num_words=config.prompt_words, seed=config.seed
    )
    failures = Failures()
    with step.out.records("items.jsonl.zst") as write:
        called, chance = ask_turns(step, speaker, turns.ready, write, failures)
        dialogues = play_dialogues(
            step, speaker, conversations, max_dialogues=config.max_dialogues, seed=config.seed, write=write
        )
        solved, solved_chance = ask_problems(step, thinker, problems, write)
        replies = reply_to(speaker, prompts)
        followed = check_replies(prompts, replies, write)
        verdicts = Tally()
        if config.win_rate is not None:
            starts = openings(conversations, max_prompts=config.win_rate.max_openings, seed=config.seed)
            replies |= reply_to(speaker, starts)
            against = reply_to(_speaker(step, "against", weights, config), [*prompts, *starts])
            verdicts = compare_replies([*prompts, *starts], replies, against, judge, write)
    shuffle_weights(speaker.decoder, seed=config.seed)
    some = shuffled(turns.ready, seed=config.seed)[: config.control_items]
    random_called, _ = ask_turns(step, speaker, some, lambda record: None, Failures())
    random_solved, _ = ask_problems(step, thinker, problems[: config.control_items], lambda record: None)
    few = prompts[: config.control_items]
    random_followed = check_replies(few, reply_to(speaker, few), lambda record: None)
    even = Tally({("wins_of_decided", ALL): [0.5]})
    rows = [
        *(
            row
            for bound, tally in called.items()
            for row in rows_of(bound, tally, seed=config.seed, chance=chance, random=random_called.get(bound))
        ),
        *rows_of("dialogues", dialogues, seed=config.seed),
        *rows_of("problems", solved, seed=config.seed, chance=solved_chance, random=random_solved),
        *rows_of("instructions", followed, seed=config.seed, random=random_followed),
        *rows_of("win_rate", verdicts, seed=config.seed, chance=even),
    ]
    faults = [*(turn_faults(one.turn, one.schemas) for one in turns.ready), *map(prompt_faults, prompts)]
    counts = {f"turns_{reason}": count for reason, count in turns.left_out.items()}
    counts["turns_not_grounded"] = sum(rules_out(config.grounding, one.turn) for one in turns.ready)
    counts["problems_too_long"] = problems_too_long
    counts["scoring_failures"] = sum(map(bool, faults))
    if isinstance(judge, Endpoint):
        counts["judge_unreadable"] = judge.unreadable
    step.out.metrics |= flat(rows) | counts
    win_rate = None if config.win_rate is None else config.win_rate.model_dump(mode="json")
    listed = [fault for of_one in faults for fault in of_one][:_FAULTS_LISTED]
    summary = {
        "weights": weights,
        "grounding": config.grounding,
        "win_rate": win_rate,
        "left_out": counts,
        "scoring_faults": listed,
        "rows": rows,
    }
    step.out.write_text("metrics.json", json.dumps(summary, indent=1, allow_nan=False) + "\n")
    step.out.write_text(FAILURES, json.dumps(failures.to_record(), indent=1) + "\n")


def flat(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """The metrics of the rows, see `evaluate_chat`."""
    metrics: dict[str, float] = {}
    for row in rows:
        name = row["score"] + (f"_{row['table']}" if row["table"] in OTHER_BOUNDS else "")
        if row["group"] != ALL:
            name += "_in_" + re.sub(r"\W+", "_", row["group"].lower()).strip("_")
        metrics[name] = round(row["value"], 6)
        metrics[f"{name}_items"] = row["items"]
        for kind in ("low", "high", "chance", "random"):
            if row[kind] is not None:
                metrics[f"{name}_{kind}"] = round(row[kind], 6)
    return metrics


def _speaker(step: Step, role: str, weights: Weights, config: ChatEvalsConfig) -> Speaker:
    stage: Artifact = step.inputs[role]
    decoder = load_decoder(stage.folder, weights=weights, device=pick_device(step.runtime.device))
    codec = SentencePieceCodec(step.inputs["tokenizer"].path("tokenizer.model"), decoder.config.vocab_size)
    return Speaker(decoder, codec, config.max_reply_tokens, config.grounding)


def _judge(config: ChatEvalsConfig) -> Judge:
    chosen = config.win_rate.judge if config.win_rate is not None else None
    if not isinstance(chosen, EndpointJudge):
        return judge_by_rules
    endpoint = Endpoint(chosen)
    endpoint.try_out()
    return endpoint
