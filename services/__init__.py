"""Long-running servers, a folder each with its Dockerfile."""
