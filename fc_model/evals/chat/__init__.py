"""What an assistant is worth: calls of tools, whole dialogues, instructions, and which of two replies is better."""
