"""Exports to the formats that other runtimes read, and the parity report that holds them to the trained model."""
