"""`labsight.toml`: what a workstation is told once, and every command then knows."""
