"""Tests with an emulated headset."""
