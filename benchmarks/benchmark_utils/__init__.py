"""What the benchmark's data sets, solvers and tables share. Only `methods` uses skmax."""
