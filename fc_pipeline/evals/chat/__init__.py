"""Chat and tools after the stages of kind sft."""
