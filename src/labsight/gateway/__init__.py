"""The file gateway: an appliance that shows the archive to Windows desktops as network drives."""
