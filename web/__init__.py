"""Edge: H5 pages (Jinja2), inside WeChat and in other browsers."""
