"""What can be set: the environment, and the policy and check files that it names."""
