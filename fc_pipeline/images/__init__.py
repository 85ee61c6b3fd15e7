"""Images with their text: synthetic ones, real ones, and the shards that a track trains on."""
