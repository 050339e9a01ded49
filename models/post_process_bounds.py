"""The bounds of the vendor's post-processor. By themselves, as models/artifact_precision.py is."""

MAX_CLASSES = 2000  # Resnet50PostProcess clamps CLASS_NUM here and then fails every frame
MAX_TOP_K = 16  # Resnet50PostProcess clamps TOP_K here
