"""The special tokens of every tokenizer of this project.

Each is one id, and none can be produced from text: they are SentencePiece control symbols, which the
segmentation never matches. A document that contains the characters `<image>` gets ordinary pieces.
"""

UNK = "<unk>"
BOS = "<s>"
EOS = "</s>"
PAD = "<pad>"
END_OF_TURN = "<im_end>"

# Ids 0 to 3, the places that Llama tokenizers and llama.cpp take for granted.
CORE_TOKENS = (UNK, BOS, EOS, PAD)

# Ids 4 and up, in this order. Append only: an inserted name moves every id after it.
CONTROL_TOKENS = (
    "<image>",
    END_OF_TURN,
    "<tool>",
    "<json>",
    "<sys>",
    "</sys>",
    "<reasoning>",
    "</reasoning>",
    "</tool>",
    "</json>",
    "</image>",
    "<slice>",
    "</slice>",
    "<user>",
    "<assistant>",
    "<result>",
)

SPECIAL_TOKENS = CORE_TOKENS + CONTROL_TOKENS
