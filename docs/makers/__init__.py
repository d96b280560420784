"""What the generated pages are made by, a module for each kind of page."""
