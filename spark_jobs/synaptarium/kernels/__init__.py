"""Pure numpy functions from sorted events to frames: no Spark, no MongoDB, no bytes."""
