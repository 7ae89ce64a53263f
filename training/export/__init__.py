"""From a tuned adapter to a graph that the note service runs, measured and packed into a bundle."""
