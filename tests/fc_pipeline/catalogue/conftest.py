from factories.source_fixtures import waits

__all__ = ["waits"]
