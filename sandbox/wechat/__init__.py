"""The WeChat platform: server API of official accounts and mini-programs, and the callbacks it pushes."""
