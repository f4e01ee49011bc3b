"""Alibaba Cloud: SMS, voice, identity verification."""
