"""Font faces of pinned packages, with what each of them can draw."""
