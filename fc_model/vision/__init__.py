"""Vision encoder, fusion with the decoder, and the model of both."""
