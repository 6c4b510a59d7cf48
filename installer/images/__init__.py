"""Container images on this host: which are present, and how missing ones are pulled or built."""

from installer.images.build import BuildError, build
from installer.images.inventory import ImageNeed, ImageState, Source, fetch, list_images, needed
from installer.images.progress import FetchedImage, ImageAction, ImageOutcome, Progress, Report
from installer.images.pull import PullError, pull

__all__ = [
    "ImageAction",
    "BuildError",
    "FetchedImage",
    "ImageState",
    "ImageNeed",
    "ImageOutcome",
    "Progress",
    "PullError",
    "Report",
    "Source",
    "build",
    "fetch",
    "list_images",
    "needed",
    "pull",
]
