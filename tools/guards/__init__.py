"""What stands between a write and the service: policy, confirmation, single flight, journal, undo."""
