"""Documents: one module a kind, each with its layouts, its text and the questions that it can answer."""
