"""Which tower is which, and which value of which controller belongs to it, and when."""
