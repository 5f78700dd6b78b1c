"""Writes the TIFF files of this folder with tifffile and Pillow (libtiff), the independent oracles of src/formats/tiff.test.ts.

python -m pip install numpy tifffile imagecodecs pillow; python make.py
Values: page(k, i, j) = (7 k + 3 i + j) mod 23, of floats divided by 4; 3 pages of 20 rows and 24 columns.
"""

import numpy as np
import tifffile
from PIL import Image

k, i, j = np.ogrid[:3, :20, :24]
pages = (7 * k + 3 * i + j) % 23

for dtype in ("u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8"):
    values = pages / 4 if dtype[0] == "f" else pages
    order = ">" if dtype in ("u2", "f8") else "<"
    tifffile.imwrite(f"{dtype}.tif", values.astype(dtype), photometric="minisblack", byteorder=order)
for name, options in {
    "deflate": dict(compression="zlib", predictor=True),
    "lzw": dict(compression="lzw", predictor=True),
    "packbits": dict(compression="packbits"),
    "tiles": dict(compression="lzw", tile=(16, 16)),
    "big": dict(bigtiff=True, rowsperstrip=7),
}.items():
    tifffile.imwrite(f"{name}.tif", pages.astype("u2"), photometric="minisblack", **options)
tifffile.imwrite(
    "floats.tif", (pages / 4).astype("f4"), photometric="minisblack", compression="zlib", predictor=3, rowsperstrip=8
)
images = [Image.fromarray(page.astype("u1")) for page in pages]
images[0].save("pillow.tif", save_all=True, append_images=images[1:], compression="tiff_lzw")
# Random values fill the table of LZW codes, which is then cleared; the values are those of the file beside.
noise = np.random.default_rng(1).integers(0, 64, (1, 128, 128)).astype("u1")
Image.fromarray(noise[0]).save("noise.tif", compression="tiff_lzw")
noise.tofile("noise.raw")
# A stack of ImageJ behind one page.
tifffile.imwrite("imagej.tif", pages.astype("u2")[0], description="ImageJ=1.53\nimages=3\nslices=3\n", metadata=None)
