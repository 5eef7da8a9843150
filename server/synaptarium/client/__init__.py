"""The Python client of a running server: ``from synaptarium.client import Client``."""

from synaptarium.client.client import Client
from synaptarium.client.overview import Overview
from synaptarium.client.stream import Received, Stream

__all__ = ["Client", "Overview", "Received", "Stream"]
