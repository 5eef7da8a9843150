"""The analytics: one file is one module, found because it lies in this folder."""
