"""Shared sessions: several people in one session, live."""
