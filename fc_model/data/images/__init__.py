"""Images as bytes, records and shards: no torch but where a tensor is made."""
