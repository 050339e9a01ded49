"""The HTTP side: uvicorn's protocol, with the limits that it leaves to a proxy."""
