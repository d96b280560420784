"""Flows that come with Switchhook: the fifteen of the library that Extended TwiML comes from."""
