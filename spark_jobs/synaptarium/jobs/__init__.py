"""Jobs that turn the events of a recording into chunks: planning, the ranges, the engines, live recordings."""
