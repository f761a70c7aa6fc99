"""A session at the edge: cookies that open tiles, for whoever signed in."""
