"""The report of a track, its model card and the leaderboard, all written from the manifests."""
