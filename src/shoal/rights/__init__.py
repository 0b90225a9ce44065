"""People's rights: who opted out is never counted, what is kept is erased, and nothing is kept for longer than said.

Nothing here gives a device back or says whether somebody is in the records or on the list.
"""
