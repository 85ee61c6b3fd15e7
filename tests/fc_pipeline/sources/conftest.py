from factories.sources import fetch, waits

__all__ = ["fetch", "waits"]
