"""Sources of real calls: packages that describe tools, and what people ask of them."""
