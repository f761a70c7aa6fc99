"""The commands of `labsight`: one file each, options and help alone; the work is elsewhere."""
