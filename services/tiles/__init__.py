"""The tile service as a container."""
