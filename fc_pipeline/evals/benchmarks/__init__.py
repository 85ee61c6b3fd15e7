"""Public benchmarks after the stages of a track."""
