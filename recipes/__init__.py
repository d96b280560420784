"""Flows that come with Switchhook: the fifteen of the library that Extended TwiML comes from, and five for a business
to copy: `office_hours`, `voicemail_by_mail`, `pin`, `appointment` and `survey`."""
