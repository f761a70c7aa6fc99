"""`labsight desktop`: the operator's side of the viewer workstation."""
