"""Edge: H5 pages (Jinja2) that open inside WeChat: invitation, check-in, draw board."""
