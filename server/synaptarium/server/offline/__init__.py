"""A recording inside one HTML file that plays without a server."""
