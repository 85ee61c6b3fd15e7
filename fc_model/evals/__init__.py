"""What a model is worth: held-out bits per byte, and samples that a person can read."""
