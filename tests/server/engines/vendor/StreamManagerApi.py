"""A stand-in for the vendor's module, valid Python 3.7: `codes` of InitManager and of results come with the pipeline's folder name."""

import sys


class MxDataInput(object):
    """As the vendor's."""

    data = b""


class MxDataOutput(object):
    """As the vendor's: its class name says which Python ran it."""

    errorCode = 0
    data = ('{"MxpiClass":[{"classId":7,"className":"%d.%d","confidence":1.0}]}' % sys.version_info[:2]).encode()


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

    def StopStream(self, stream):
        return 0

    def DestroyAllStreams(self):
        return 0
