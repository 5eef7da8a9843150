"""Tests of the scene in real Chromium: as a package, they share one browser and one server."""
