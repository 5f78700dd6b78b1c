"""Writes the HDF5 files of this folder with h5py, tifffile and hdf5plugin, the independent oracles of the readers' tests.

python -m pip install h5py hdf5plugin numpy tifffile; python make.py
Values: pattern(k, i, j) = (7 k + 3 i + j) mod 23 as uint16; position x(k) = 1e-7 k, y(k) = 2e-7 (k mod 3), metres.
"""

import h5py
import hdf5plugin
import numpy as np

N, COUNT = 16, 6
k, i, j = np.ogrid[:COUNT, :N, :N]
patterns = ((7 * k + 3 * i + j) % 23).astype("uint16")
x = 1e-7 * np.arange(COUNT)
y = 2e-7 * (np.arange(COUNT) % 3)
probe = (np.arange(N * N).reshape(N, N) + 1j).astype("complex64")
mask = np.zeros((N, N), "uint32")
mask[2, 3] = 1
ENERGY_EV, DISTANCE_M, DETECTOR_M = 8000.0, 2.0, 1e-4

np.arange(4.0).tofile("external.raw")
with h5py.File("kinds.h5", "w") as f:
    f["plain"] = patterns
    for name, codec in {
        "gzip": dict(compression="gzip", shuffle=True),
        "bitshuffle": hdf5plugin.Bitshuffle(cname="lz4"),
        "blosc": hdf5plugin.Blosc(),
        "blosc2": hdf5plugin.Blosc2(),
        "lz4": hdf5plugin.LZ4(),
        "zstd": hdf5plugin.Zstd(),
        "bzip2": hdf5plugin.BZip2(),
        "lzf": dict(compression="lzf"),
    }.items():
        f.create_dataset(name, data=patterns, chunks=(1, N, N), **codec)
    f.create_dataset("unknown", data=patterns.astype("f4"), chunks=(1, N, N), **hdf5plugin.SZ3(absolute=0.5))
    f["complex64"] = probe
    f["complex128"] = probe.astype("complex128")
    f["matlab"] = np.array([(1, 2), (3, 4)], dtype=[("real", "f8"), ("imag", "f8")])
    f["big"] = np.arange(4, dtype=">f8")
    f["half"] = np.arange(4, dtype="f2")
    f["bool"] = np.array([True, False])
    f["text"] = "hällo"
    f["fixed"] = np.array([b"ab", b"cde"])
    f["int64"] = np.array([-1, 2**40])
    f.attrs["energy"] = 8000.0
    f.attrs["name"] = "scan"
    f.attrs["list"] = np.arange(3)
    group = f.create_group("group")
    group["up"] = f["/"]
    f["soft"] = h5py.SoftLink("/group/up/plain")
    f["circle"] = h5py.SoftLink("/circle")
    f["dangling"] = h5py.SoftLink("/nowhere")
    f["outside"] = h5py.ExternalLink("cxi.h5", "/entry_1")
    f["softoutside"] = h5py.SoftLink("/outside/data_1")
    f.create_dataset("external", (4,), "f8", external=[("external.raw", 0, 32)])
    layout = h5py.VirtualLayout((COUNT, N, N), "uint16")
    layout[:] = h5py.VirtualSource("cxi.h5", "entry_1/data_1/data", (COUNT, N, N))
    f.create_virtual_dataset("virtual", layout)

with h5py.File("cxi.h5", "w") as f:
    f["cxi_version"] = 160
    entry = f.create_group("entry_1")
    entry["data_1/data"] = patterns
    entry["sample_1/geometry_1/translation"] = np.stack([x, y, 0 * x], axis=1)
    entry["data_1/translation"] = h5py.SoftLink("/entry_1/sample_1/geometry_1/translation")
    entry["instrument_1/source_1/energy"] = ENERGY_EV * 1.602176634e-19
    entry["instrument_1/source_1/illumination"] = probe
    detector = entry.create_group("instrument_1/detector_1")
    detector["distance"] = DISTANCE_M
    detector["x_pixel_size"] = detector["y_pixel_size"] = DETECTOR_M
    detector["mask"] = mask

with h5py.File("nexus.h5", "w") as f:
    f.attrs["default"] = "scan"
    entry = f.create_group("scan")
    entry.attrs.update(NX_class="NXentry", default="frames")
    data = entry.create_group("frames")
    data.attrs.update(NX_class="NXdata", signal="counts")
    data["counts"] = patterns
    data["sample_x"] = x * 1e6
    data["sample_y"] = y * 1e3
    data["sample_x"].attrs["units"] = "um"
    data["sample_y"].attrs["units"] = "mm"
    instrument = entry.create_group("instrument")
    instrument.attrs["NX_class"] = "NXinstrument"
    detector = instrument.create_group("detector")
    detector.attrs["NX_class"] = "NXdetector"
    for name, value, unit in (("distance", DISTANCE_M * 1e3, "mm"), ("x_pixel_size", DETECTOR_M * 1e6, "um")):
        detector[name] = value
        detector[name].attrs["units"] = unit
    detector["pixel_mask"] = mask
    beam = instrument.create_group("beam")
    beam.attrs["NX_class"] = "NXbeam"
    beam["incident_energy"] = ENERGY_EV / 1e3
    beam["incident_energy"].attrs["units"] = "keV"

with h5py.File("ptypy.h5", "w") as f:
    f["chunks/0/data"] = patterns
    f["chunks/0/positions"] = np.stack([y, x], axis=1)
    f["chunks/0/weights"] = (mask == 0).astype("f4")
    f["info/energy"] = ENERGY_EV / 1e3
    f["info/distance"] = DISTANCE_M
    f["info/psize"] = np.array([DETECTOR_M, DETECTOR_M])

with h5py.File("other.h5", "w") as f:
    f["measurement/frames"] = patterns.astype("f4")
    f["measurement/motors/pos_x"] = x * 1e6
    f["measurement/motors/pos_x"].attrs["units"] = "um"
    f["measurement/motors/pos_y"] = y * 1e6
    f["beam/energy"] = ENERGY_EV
    f["beam/energy"].attrs["units"] = "eV"

PIXEL_M = 5e-9
for name, data in (("pair_dp.hdf5", {"dp": patterns}), ("pair_para.hdf5", None)):
    with h5py.File(name, "w") as f:
        if data is not None:
            f["dp"] = patterns
            continue
        f["probe"] = probe[None, None]
        f["object"] = np.ones((1, 40, 50), "complex64")
        for each in ("probe", "object"):
            f[each].attrs.update(pixel_width_m=PIXEL_M, pixel_height_m=PIXEL_M)
        f["probe_position_x_m"] = x - x.mean()
        f["probe_position_y_m"] = y - y.mean()

with h5py.File("matlab.mat", "w", userblock_size=512) as f:
    # Column-major: MATLAB's diffraction is [16, 16, 6].
    def variable(name, values):
        f[name] = values
        f[name].attrs["MATLAB_class"] = np.bytes_("double")

    variable("diffraction", np.sqrt(patterns.astype("f8")).transpose(0, 2, 1))
    variable("xcoords", (10 * np.arange(COUNT, dtype="f8")).reshape(1, COUNT))
    variable("ycoords", (5.5 * np.arange(COUNT, dtype="f8")).reshape(1, COUNT))
    pair = np.empty((N, N), dtype=[("real", "f8"), ("imag", "f8")])
    pair["real"], pair["imag"] = probe.real.T, probe.imag.T
    variable("probeGuess", pair)
with open("matlab.mat", "r+b") as f:
    f.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x02IM")

# Small, for damage at every byte: read with small.yaml.
with h5py.File("small.h5", "w", libver="latest") as f:
    f["dp"] = patterns[:3, :4, :4]
    f["x"] = np.arange(3.0)
    f["y"] = np.arange(3.0) % 2
with open("small.yaml", "w") as f:
    f.write("diffraction: { path: /dp, units: counts }\nx: { path: /x, units: px }\ny: { path: /y, units: px }\n")

# A scan on a grid of 2 x 3, its positions along the axes; in square.h5 of 2 x 2, where only the list of axes tells them apart.
for name, rows, columns in (("grid.h5", 2, 3), ("square.h5", 2, 2)):
    with h5py.File(name, "w") as f:
        entry = f.create_group("scan")
        entry.attrs["NX_class"] = "NXentry"
        data = entry.create_group("frames")
        data.attrs.update(NX_class="NXdata", signal="data", axes=["sample_y", "sample_x", ".", "."])
        data["data"] = patterns[: rows * columns].reshape(rows, columns, N, N)
        for axis, count, step in (("x", columns, 0.5), ("y", rows, 2.0)):
            data[f"sample_{axis}"] = step * np.arange(count)
            data[f"sample_{axis}"].attrs["units"] = "um"
        for group, values in (
            ("detector", dict(distance=(DISTANCE_M, "m"), x_pixel_size=(DETECTOR_M, "m"))),
            ("beam", dict(incident_energy=(ENERGY_EV, "eV"))),
        ):
            each = entry.create_group(f"instrument/{group}")
            each.attrs["NX_class"] = f"NX{group}"
            for key, (value, unit) in values.items():
                each[key] = value
                each[key].attrs["units"] = unit
        entry["instrument"].attrs["NX_class"] = "NXinstrument"

# What cannot be patterns, and every type of number: values (0, 1, 2, 3).
with h5py.File("hostile.h5", "w", libver="latest") as f:
    f.create_dataset("sparse", (3 * 10**7, 1024, 1024), "f4", chunks=(1, 1024, 1024))
    f.create_dataset("large", (7000, 1024, 1024), "f4", chunks=(1, 1024, 1024))
    f.create_dataset("many", data=np.arange(7000.0), compression="gzip")
    f.create_dataset("hugechunk", (3, 8192, 8192), "f4", chunks=(3, 8192, 8192))
    f.create_dataset("refs", (3, 4, 4), dtype=h5py.ref_dtype)
    f.create_dataset("vlen", (3, 4, 4), dtype=h5py.vlen_dtype("f4"))
    f["null"] = h5py.Empty("f4")
    f["scalar"] = 3.0
    f.create_dataset("texts", data=np.array([[[b"a"]]], dtype=object), dtype=h5py.string_dtype())
    f["x"] = np.arange(3.0)
    f["scalars/x"] = 1.0
    for name in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", ">i2", ">u4", ">i8", ">f4", ">f8"):
        f[f"types/{name.replace('>', 'big-')}"] = np.arange(4).astype(name)
with h5py.File("being-written.h5", "w", libver="latest") as f:
    f["dp"] = patterns[:3, :4, :4]
    f.swmr_mode = True
    f.flush()
    with open("being-written.h5", "rb") as part:
        content = part.read()
with open("being-written.h5", "wb") as f:
    f.write(content)

import tifffile

tifffile.imwrite("stack.tif", patterns, photometric="minisblack")
