from factories.source_fixtures import loopback, run_step, waits

__all__ = ["loopback", "run_step", "waits"]
