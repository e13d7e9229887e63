"""What whoever runs the server sees of it: lines of log, metrics, traces. Nothing here is needed to serve."""
