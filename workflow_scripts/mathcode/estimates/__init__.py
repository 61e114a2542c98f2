"""What a run will cost: its planned jobs, the work in them, and how long and how large that is on a machine."""
