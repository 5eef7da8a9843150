"""MongoDB behind plain functions: recordings, event blocks, network arrays, chunks, summaries and jobs."""
