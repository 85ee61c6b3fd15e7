"""How a track's tokenizer packs held-out text, beside public tokenizers."""
