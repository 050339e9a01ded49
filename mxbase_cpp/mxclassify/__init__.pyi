from mxclassify._mxclassify import INTERFACE as INTERFACE
from mxclassify._mxclassify import RUNTIME as RUNTIME
from mxclassify._mxclassify import Classifier as Classifier
from mxclassify._mxclassify import DeviceError as DeviceError
from mxclassify._mxclassify import Outcome as Outcome
from mxclassify._mxclassify import Result as Result
from mxclassify._mxclassify import StderrTrap as StderrTrap
