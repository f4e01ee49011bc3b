"""Stand-ins for the outside systems: WeChat platform, SMS, phone network and identity platform, with phones to look at.

Imports nothing of the service: protocols are written from the vendors' documents, so that an error is not mirrored.
"""
