"""Other libraries at the same work: a turn of an agent, and the dispatch of an event. Optional."""
