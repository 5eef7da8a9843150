"""Foreign shapes to event columns: one file per simulator or format, found because it lies in this folder."""
