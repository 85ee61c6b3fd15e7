"""Public benchmarks of language models: how their rows become prompts, and how answers are scored."""
