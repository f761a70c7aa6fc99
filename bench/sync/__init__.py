"""What the lines about `labsight sync` share: a server that takes uploads, commands, folders."""
