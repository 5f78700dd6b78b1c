// The version of this package; package.json has the same (a test ties them).
export const VERSION = "0.1.0";
