"""Days of the whole detector with everything going wrong: only the time, and the boards, are simulated."""
