"""How often, and how much at a time, a journal forgets what need not be kept, and looks whether a trouble is over."""

from __future__ import annotations

DAY = 86_400.0
BATCH = 100
"""Calls that are pruned in one transaction, and programs that are looked at."""
PAUSE = 0.05
"""Seconds between two batches."""
REST = 600.0
"""Seconds until it is looked again for something to prune."""
RETRY = 1.0
"""Seconds until a file, or a server, in trouble is looked at again."""
