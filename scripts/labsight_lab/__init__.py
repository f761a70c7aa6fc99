"""What runs on lab workstations and operators' terminals: the `labsight` command."""
