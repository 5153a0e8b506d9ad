"""The web page: shells of HTML, and the style and scripts that fill them from `/v1`."""
