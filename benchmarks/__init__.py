"""What the platform costs, measured: each module is one benchmark with its contenders."""
