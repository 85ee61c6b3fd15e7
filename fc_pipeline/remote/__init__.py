"""Artifacts on a file system that fsspec reaches, beside the local store: a cache by identity (FC_REMOTE)."""
