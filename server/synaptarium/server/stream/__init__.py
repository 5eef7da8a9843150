"""The ``/stream`` namespace: credit, playhead, plan, viewer."""
