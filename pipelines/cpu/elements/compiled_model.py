"""A model on the CPU: OpenVINO compiles the ONNX file once per batch size; all streams that name the file share it."""

import threading
from collections.abc import Sequence
from math import prod
from pathlib import Path
from weakref import WeakValueDictionary

import numpy as np

from models.artifact_precision import Precision
from pipelines.cpu.compile_cache import compiled_once
from pipelines.cpu.elements.frame import Array, Pixels
from pipelines.cpu.elements.wide_model import Slot, WideModel, open_slot, read_network
from pipelines.cpu.process_memory import give_back_free, give_back_mapped
from pipelines.cpu.quiet_openvino import ov

_loaded: "WeakValueDictionary[tuple[Path, int, int, int, str], CpuModel]" = WeakValueDictionary()
_loading = threading.Lock()


class CpuModel:
    """A compiled model with one image input [N, H, W, C] and one or more outputs [N, …].

    A static first dimension is a static batch. For a dynamic one, the ONNX metadata property `batch_sizes` ("1,2,4,8") gives
    the sizes, as ATC fixes the gears of an OM.
    """

    def __init__(self, path: Path, inference_threads: int = 0, precision: Precision = "f32", cache: Path | None = None) -> None:
        """`cache` is the folder of compiled models (pipelines/cpu/compile_cache.py)."""
        self.path = path
        core = ov.Core()
        model = read_network(core, path)
        shape = model.input(0).get_partial_shape()
        if shape.rank.is_dynamic or shape.rank.get_length() != 4 or any(shape[axis].is_dynamic for axis in (1, 2, 3)):
            raise ValueError(f"its input is {shape}, not [N, H, W, C] with fixed H, W and C")
        self.image_shape: tuple[int, int, int] = (shape[1].get_length(), shape[2].get_length(), shape[3].get_length())
        self.dtype = np.dtype(model.input(0).get_element_type().to_dtype())
        self.batch_sizes = _gears(model) if shape[0].is_dynamic else (shape[0].get_length(),)
        # On CPUs with bfloat16, OpenVINO's default precision would change the answers. An int8 file says itself what is int8.
        hint = "bf16" if precision == "bf16" else "f32"
        config: dict[str, object] = {"INFERENCE_PRECISION_HINT": hint, "PERFORMANCE_HINT": "THROUGHPUT"}
        if inference_threads:
            config["INFERENCE_NUM_THREADS"] = inference_threads
        self._config = config
        self._wide: WideModel | None = None

        def compile_all(config: dict[str, object]) -> dict[int, ov.CompiledModel]:
            compiled = {}
            for size in self.batch_sizes:
                if shape[0].is_dynamic:
                    model.reshape([size, *self.image_shape])
                compiled[size] = core.compile_model(model, "CPU", config)
            return compiled

        self._compiled = compiled_once(cache, path, config, compile_all)
        # the shapes of the largest batch, as an OM declares them
        self.output_shapes = [tuple(output.get_shape()) for output in self._compiled[self.batch_sizes[-1]].outputs]

    @property
    def image_bytes(self) -> int:
        """The size in bytes of one input image."""
        return prod(self.image_shape) * int(self.dtype.itemsize)

    def compiled(self, batch_size: int) -> ov.CompiledModel:
        """The model compiled for one batch size."""
        return self._compiled[batch_size]

    def runner(self, *, single: bool = False, batch_dimension: bool = True, latency: bool = False) -> "ModelRunner":
        """Make requests and buffers for one caller at a time; ModelRunner explains the flags."""
        if latency and self._wide is None:
            self._wide = WideModel(self._compiled[self.batch_sizes[0]], self.path, self._config)
        return ModelRunner(self, self._compiled, self._wide if latency else None, single=single, batch_dimension=batch_dimension)


class ModelRunner:
    """Runs batches of one model. Not thread-safe: make one runner per element.

    With `single`, one image is a whole batch of the model. If `batch_dimension` is false, the model's outputs have no batch
    dimension and the runner adds one. An output whose size does not fit the resulting shape stays flat. With `wide`, a run of the
    smallest batch uses all cores if no other thread carries pictures.
    """

    def __init__(
        self, model: CpuModel, compiled: dict[int, ov.CompiledModel], wide: WideModel | None, *, single: bool, batch_dimension: bool
    ) -> None:
        self.model = model
        self._single = single
        self._shapes = [(1, *shape[batch_dimension:]) for shape in model.output_shapes]
        self._slots = {size: open_slot(one) for size, one in compiled.items()}
        self._wide, self._smallest = wide, model.batch_sizes[0]

    def run(self, images: Sequence[Pixels], batch_size: int) -> list[tuple[Array, ...]]:
        """Infer up to `batch_size` images; returns a tuple of outputs, each [1, …], per image. Unused slots keep old bytes."""
        wide = self._wide.take() if self._wide and batch_size == self._smallest else None
        if not self._wide or not wide:
            return self._run(self._slots[batch_size], images, batch_size)
        try:
            return self._run(wide, images, batch_size)
        finally:
            self._wide.give_back()

    def _run(self, slot: Slot, images: Sequence[Pixels], batch_size: int) -> list[tuple[Array, ...]]:
        request, buffer, outputs = slot
        room = buffer.data.cast("B")  # to copy, NumPy would release the GIL and then wait to get it back
        for index, pixels in enumerate(images):
            room[index * pixels.nbytes : (index + 1) * pixels.nbytes] = np.ascontiguousarray(pixels).data.cast("B")
        request.start_async()  # infer() builds a dictionary of outputs, which costs 50 us
        request.wait()
        parts = 1 if self._single else batch_size
        outputs = [np.frombuffer(output.tobytes(), output.dtype) for output in outputs]
        return [
            tuple(_part(output, index, parts, shape) for output, shape in zip(outputs, self._shapes, strict=True))
            for index in range(len(images))
        ]


def _part(output: Array, index: int, parts: int, shape: tuple[int, ...]) -> Array:
    size = output.size // parts
    part = output[index * size : (index + 1) * size]
    return part.reshape(shape) if size == prod(shape) else part


def load_model(model_path: Path, inference_threads: int = 0, precision: Precision = "f32", cache: Path | None = None) -> CpuModel:
    """Load the model that a pipeline names, compiled at most once in each precision; raises ValueError with the cause.

    On a CPU, `X.om` stands for the file `X.onnx` in the same folder: the same recipe folded in, the same input contract. If there is
    no such file, the named file must itself be an ONNX model, whatever its name.
    """
    beside = model_path.with_suffix(".onnx") if model_path.suffix == ".om" else model_path
    for path in (model_path, beside):
        if path.is_symlink():
            raise ValueError(f"modelPath {str(path)!r} is a symbolic link, which the vendor's engine refuses")
    path = model_path if model_path.is_file() and not beside.is_file() else beside
    if model_path.is_dir() or not path.is_file():
        raise ValueError(f"modelPath {str(model_path)!r}: the file {path} does not exist")
    if model_path.is_file() and not model_path.stat().st_size:
        raise ValueError(f"modelPath {str(model_path)!r} is empty")
    stat = path.stat()
    key = (path.resolve(), stat.st_mtime_ns, stat.st_size, inference_threads, precision)
    with _loading:
        model = _loaded.get(key)
        if model is None:
            try:
                model = CpuModel(path, inference_threads, precision, cache)
            except (RuntimeError, ValueError) as error:
                hint = "" if path == beside else f" Put the ONNX model of it at {beside}, which a CPU can run."
                raise ValueError(f"model {path} cannot be loaded: {error}{hint}") from error
            give_back_free()
            if cache:
                give_back_mapped(cache)
            _loaded[key] = model
        return model


def _gears(model: ov.Model) -> tuple[int, ...]:
    try:
        sizes = tuple(int(size) for size in model.get_rt_info(["framework", "batch_sizes"]).astype(str).split(","))
    except (RuntimeError, ValueError):
        sizes = ()
    if not sizes or min(sizes) < 1 or list(sizes) != sorted(set(sizes)):
        raise ValueError('its batch is dynamic and the metadata property batch_sizes does not give the sizes, for example "1,2,4,8"')
    return sizes
