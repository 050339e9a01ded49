"""The connections that wait to be accepted when a listener closes. Without this module the kernel would reset them."""

import contextlib
import ctypes
import errno
import socket

SO_ATTACH_FILTER = 26
"""From Linux, asm-generic/socket.h; the socket module has no name for it."""


class Instruction(ctypes.Structure):
    """`struct sock_filter` of linux/filter.h; with code 6 and zeros it means "return 0": drop the packet."""

    _fields_ = [("code", ctypes.c_uint16), ("jt", ctypes.c_uint8), ("jf", ctypes.c_uint8), ("k", ctypes.c_uint32)]


class PacketFilter(ctypes.Structure):
    """`struct sock_fprog` of linux/filter.h."""

    _fields_ = [("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(Instruction))]


def refuse_new_connections(listener: socket.socket) -> None:
    """Drop the packets of new connections: their clients try again after a second and find a closed port. Without filters, do nothing."""
    packet_filter = PacketFilter(1, ctypes.pointer(Instruction(code=6)))
    with contextlib.suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, bytes(packet_filter))


def accept_all(listener: socket.socket) -> list[socket.socket]:
    """Every connection in the backlog; no more can arrive."""
    refuse_new_connections(listener)
    listener.settimeout(0)
    accepted: list[socket.socket] = []
    while True:
        try:
            accepted.append(listener.accept()[0])
        except OSError as error:
            if error.errno not in (errno.ECONNABORTED, errno.EINTR):  # this client has gone, but the next ones wait
                return accepted
