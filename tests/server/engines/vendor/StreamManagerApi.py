"""A stand-in for the vendor's module, valid Python 3.7: `codes` of InitManager and of results come with the pipeline's folder name."""

import struct
import sys


class MxDataInput(object):
    """As the vendor's."""

    data = b""


class MxDataOutput(object):
    """As the vendor's: its class name says which Python ran it."""

    errorCode = 0
    data = ('{"MxpiClass":[{"classId":7,"className":"%d.%d","confidence":1.0}]}' % sys.version_info[:2]).encode()


class MxMetadataOutput(object):
    """As the vendor's: a MxpiTensorPackageList with eight float32, of which the last is the largest."""

    serializedMetadata = b"\x0a\x28\x12\x26\x32\x02\x01\x08\x3a\x20" + struct.pack("<8f", *range(8))


class MxBufferAndMetadataOutput(object):
    """As the vendor's."""

    errorCode = 0
    errorMsg = b""
    metadataVec = (MxMetadataOutput(),)


class StreamManagerApi(object):
    """Answers every picture with class 7."""

    def __init__(self):
        self.sent = 0

    def InitManager(self):
        return 0

    def CreateMultipleStreams(self, pipeline):
        assert type(pipeline) is bytes
        return 6005 if pipeline == b"broken" else 0

    def SendDataWithUniqueId(self, stream, plugin, data):
        assert (type(stream), type(data.data)) == (bytes, bytes)
        self.sent += 1
        return self.sent

    def GetResultWithUniqueId(self, stream, unique_id, timeout_ms):
        return MxDataOutput()

    def SendData(self, stream, plugin, data):
        assert (type(stream), plugin, type(data.data)) == (bytes, 0, bytes)
        return 0

    def GetResult(self, stream, sink, keys, timeout_ms):
        assert [type(name) for name in (stream, sink, *keys)] == [bytes] * 3
        return MxBufferAndMetadataOutput()

    def StopStream(self, stream):
        return 0

    def DestroyAllStreams(self):
        return 0
