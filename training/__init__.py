"""From visits to a tuned, exported and judged note model. Command: `chartside-train`."""
