"""The HTTP side: uvicorn's protocol, plus limits that uvicorn leaves to a proxy."""
