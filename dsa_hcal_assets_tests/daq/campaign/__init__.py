"""Everything of an acquisition killed at random, for a minute or for ten: counts must reconcile."""
