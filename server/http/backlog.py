"""The connections that wait to be accepted when a listener closes: the kernel would reset them, although their clients got no error yet."""

import contextlib
import ctypes
import errno
import socket

SO_ATTACH_FILTER = 26
"""Linux, asm-generic/socket.h; the socket module has no name for it."""


class Instruction(ctypes.Structure):
    """`struct sock_filter` of linux/filter.h; all zeros but the code 6 is "return 0": drop the packet."""

    _fields_ = [("code", ctypes.c_uint16), ("jt", ctypes.c_uint8), ("jf", ctypes.c_uint8), ("k", ctypes.c_uint32)]


class PacketFilter(ctypes.Structure):
    """`struct sock_fprog` of linux/filter.h."""

    _fields_ = [("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(Instruction))]


def refuse_new_connections(listener: socket.socket) -> None:
    """Drop the packets of new connections: their clients try again a second later and meet a closed port. Kernels without filters go on."""
    packet_filter = PacketFilter(1, ctypes.pointer(Instruction(code=6)))
    with contextlib.suppress(OSError):
        listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, bytes(packet_filter))


def accept_all(listener: socket.socket) -> list[socket.socket]:
    """Every connection that waits in the backlog; none comes after them."""
    refuse_new_connections(listener)
    listener.settimeout(0)
    accepted: list[socket.socket] = []
    while True:
        try:
            accepted.append(listener.accept()[0])
        except OSError as error:
            if error.errno not in (errno.ECONNABORTED, errno.EINTR):  # such a client has gone, the next ones wait
                return accepted
