"""Measurements of the project beside its peers; `make bench-train` and `make bench-quality` run them."""
