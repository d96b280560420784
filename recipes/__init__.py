"""Flows that come with Switchhook: the fifteen of the library that Extended TwiML comes from, and seven for a business
to copy: `office_hours`, `voicemail_by_mail`, `pin`, `appointment`, `survey`, `waiting_room` and `bilingual_menu`."""
