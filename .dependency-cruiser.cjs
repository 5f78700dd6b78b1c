// The import table of the house (layers.json) as dependency-cruiser rules: imports go down only, no cycles,
// and onnxruntime stays in compute.
const layers = require("./layers.json");
const rooms = Object.keys(layers);
const room = (names) => `^src/(${names.join("|")})/`;

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "onnxruntime-only-in-compute",
      severity: "error",
      from: { pathNot: "^src/compute/" },
      to: { path: "onnxruntime" },
    },
    {
      name: "known-rooms-only",
      severity: "error",
      from: { path: "^src/[^/]+/", pathNot: room(rooms) },
      to: {},
    },
    ...rooms.map((name) => ({
      name: `imports-of-${name}`,
      severity: "error",
      from: { path: `^src/${name}/`, pathNot: "\\.test\\.ts$" },
      to: { path: "^src/", pathNot: room([name, ...layers[name]]) },
    })),
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    exclude: { path: "\\.test\\.ts$" },
  },
};
