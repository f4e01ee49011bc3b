"""Alibaba Cloud's SMS and voice: signed RPC calls, ringing phones, delivery reports."""
