"""Feedback: what an evaluation finds weak comes more often in the next build, when somebody accepts it."""
