"""What data looks like: event columns, recordings, chunks, documents, messages, errors."""
