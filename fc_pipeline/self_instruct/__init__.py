"""Self-instruct: a stage writes conversations that later stages train on."""
