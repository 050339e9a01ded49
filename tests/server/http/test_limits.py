"""Open files are asked for as connections are wanted."""

import resource

from server.cli.flags import load_settings
from server.http.limits import FILES_BESIDES, GRPC_CONNECTIONS, read_connection_limits


def test_the_limit_of_open_files_is_raised() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (500, hard))
        assert read_connection_limits(load_settings(max_connections=1000)).connections == 1000
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 1000 + FILES_BESIDES
        assert read_connection_limits(load_settings(max_connections=1000, grpc_port=8001)).connections == 1000
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 1000 + FILES_BESIDES + GRPC_CONNECTIONS
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_without_them_fewer_connections_are_taken() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert read_connection_limits(load_settings(max_connections=hard)).connections == hard - FILES_BESIDES
