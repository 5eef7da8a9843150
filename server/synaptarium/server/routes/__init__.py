"""One table of routes, spread over one file per subject."""
