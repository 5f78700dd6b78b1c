// Every family of synthetic objects by its name.
import type { ComplexArray } from "../core/ndarray.js";
import { legacyRandom } from "../numeric/random-legacy.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { layeredShapes, letterImage, siemensStar } from "./drawn-shapes.js";
import type { ObjectKind } from "./kinds.js";
import { perlinField, simplexField, whiteField } from "./noise-fields.js";
import { followingPhase, fromAmplitudeAndPhase } from "./object-phase.js";
import { makeDeadLeavesObject, makeLinesObject } from "./objects.js";
import { diagonalImage, pointImage, randomFieldImage } from "./original-images.js";
import { polyhedraThickness } from "./polyhedra.js";

export interface ObjectRequest {
  readonly sidePx: number;
  readonly seed: number;
  /** false: a real object. */
  readonly phase: boolean;
}

const STAR_SPOKES = 36;
/** Amplitude of a field of height 0 and 1, and its phase, radians. */
const FIELD_AMPLITUDE = [0.8, 1.2] as const;
const FIELD_PHASE = [-1, 1] as const;

/**
 * An object [side, side]. lines, points, diagonals, grf: the amplitudes of PtychoPINN's TensorFlow side (seeded MT19937)
 * with its dummy phase, +-pi; letters alike. dead_leaves: see makeDeadLeavesObject. polyhedra: exp(-(0.5 + 1.5 i) t),
 * t the thickness over its largest. siemens_star: amplitude 1 and 0.6, phase 0 and -1. The others are fields f in 0 .. 1:
 * amplitude 0.8 + 0.4 f, phase 2 f - 1 radians.
 *
 * @throws PtychoError UsageError for a side that the family cannot have.
 */
export function makeObject(kind: ObjectKind, request: ObjectRequest): ComplexArray {
  return OBJECTS[kind](request);
}

const OBJECTS: { readonly [K in ObjectKind]: (request: ObjectRequest) => ComplexArray } = {
  lines: ({ sidePx, seed, phase }) => makeLinesObject({ sidePx, seed, ...(phase ? {} : { phaseRad: 0 }) }),
  dead_leaves: ({ sidePx, seed, phase }) =>
    makeDeadLeavesObject({ sidePx, seed, ...(phase ? {} : { phaseRad: [0, 0] as const }) }),
  points: (request) => withDummyPhase(request, pointImage(request.sidePx, legacyRandom(request.seed))),
  diagonals: (request) => withDummyPhase(request, diagonalImage(request.sidePx, legacyRandom(request.seed))),
  grf: (request) => withDummyPhase(request, randomFieldImage(request.sidePx, legacyRandom(request.seed))),
  letters: (request) => withDummyPhase(request, letterImage(request.sidePx, pcg64Random(request.seed))),
  white_noise: (request) => fromField(request, whiteField(request.sidePx, 0, pcg64Random(request.seed))),
  blurred_noise: (request) => fromField(request, whiteField(request.sidePx, 2, pcg64Random(request.seed))),
  perlin: (request) => fromField(request, perlinField(request.sidePx, pcg64Random(request.seed))),
  simplex: (request) => fromField(request, simplexField(request.sidePx, pcg64Random(request.seed))),
  procedural: (request) => fromField(request, layeredShapes(request.sidePx, pcg64Random(request.seed))),
  polyhedra: ({ sidePx, seed, phase }) => {
    const thickness = polyhedraThickness(sidePx, pcg64Random(seed));
    const most = thickness.reduce((a, b) => Math.max(a, b));
    const share = thickness.map((value) => value / most);
    return fromAmplitudeAndPhase(
      sidePx,
      share.map((t) => Math.exp(-0.5 * t)),
      share.map((t) => (phase ? -1.5 * t : 0)),
    );
  },
  siemens_star: ({ sidePx, phase }) => {
    const star = siemensStar(sidePx, STAR_SPOKES);
    return fromAmplitudeAndPhase(
      sidePx,
      star.map((bright) => 1 - 0.4 * bright),
      star.map((bright) => (phase ? -bright : 0)),
    );
  },
};

function withDummyPhase({ sidePx, phase }: ObjectRequest, amplitude: Float64Array): ComplexArray {
  return fromAmplitudeAndPhase(sidePx, amplitude, followingPhase(amplitude, phase ? Math.PI : 0));
}

function fromField({ sidePx, phase }: ObjectRequest, field: Float64Array): ComplexArray {
  const between = ([low, high]: readonly [number, number]) =>
    field.map((value) => low + (high - low) * value);
  return fromAmplitudeAndPhase(
    sidePx,
    between(FIELD_AMPLITUDE),
    phase ? between(FIELD_PHASE) : new Float64Array(field.length),
  );
}
