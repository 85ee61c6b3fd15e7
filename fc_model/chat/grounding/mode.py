"""What a call may quote."""

from typing import Literal

Grounding = Literal["none", "conversation", "request"]
"""What a call may quote: anything, whatever was stated, or what was stated since the last result was answered. A tool
whose required values the request alone does not state may quote the whole conversation."""
