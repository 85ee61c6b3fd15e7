"""What stands behind the images of a sequence: `<s> <image> ... </image> PROMPT ANSWER </s>`."""

READ = "Read:\n"
DESCRIBE = "Describe:\n"


def question_prompt(question: str) -> str:
    """A question of a record as a prompt."""
    return f"{question}\n"
