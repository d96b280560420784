"""The documentation, and what writes the generated part of it: `python -m docs.generate`."""
