"""The server: REST, the stream namespace, the command line and the private MongoDB."""
