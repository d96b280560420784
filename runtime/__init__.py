"""The daemon and everything around it: the front end, the journals, the command line and the softphone."""
