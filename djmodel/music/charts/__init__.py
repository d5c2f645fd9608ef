"""Written charts: text to bars with marks, and the order in which players play them."""
