"""`labsight sync --watch` as a service of the operating system, one for each settings file.

spec            what a service is: its name, its command, as whom it runs
systemd         a unit for Linux
launchd         a property list for macOS
task_scheduler  a task for Windows
manager         what these three have in common
here            this machine and its user, and which of the three it has
install         set a service up, take it away, ask how it is
"""
