"""Everything that hears events: stages move a run on, policies judge, observers watch."""
