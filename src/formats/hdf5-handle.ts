// One open HDF5 file in the sandbox of the library: every call of the library goes through `ask`, which turns its complaints,
// its exceptions and the troubles of the disk into one sentence.
import { check, PtychoError } from "../core/errors.js";
import { type Hdf5Library, type Hdf5Module, loadHdf5Library } from "./hdf5-library.js";
import { type OpenFile, openRegularFile } from "./open-file.js";
import { printable } from "./printable.js";

export interface Hdf5Handle {
  /** The file, fit for a message. */
  readonly where: string;
  readonly fileBytes: number;
  readonly module: Hdf5Module;
  readonly id: bigint;
  readonly library: Hdf5Library;
  /**
   * Carries out one call of the library about `what`.
   *
   * @throws PtychoError DataError where it throws, or `isBad` knows its result; what the disk said where it failed.
   */
  ask<T>(what: string, work: (module: Hdf5Module, id: bigint) => T, isBad?: (result: T) => boolean): T;
  fail(message: string, cause?: unknown): never;
  /** @throws PtychoError DataError if the file has been written to since it was opened. */
  expectUnchanged(): void;
  close(): void;
}

/** Opens a regular file. @throws PtychoError DataError, EngineError where the library is missing. */
export async function openHdf5Handle(path: string): Promise<Hdf5Handle> {
  const file = openRegularFile(path);
  try {
    return handleOf(file, printable(path), await loadHdf5Library());
  } catch (error) {
    file.close();
    throw error;
  }
}

function handleOf(file: OpenFile, where: string, library: Hdf5Library): Hdf5Handle {
  const { module } = library;
  const mounted = library.mount(file);
  let isOpen = true;
  const fail = (message: string, cause?: unknown): never => {
    throw new PtychoError("DataError", `${where}: ${message}`, cause);
  };
  const attempt = <T>(what: string, work: () => T, isBad: (result: T) => boolean): T => {
    let found: { readonly result: T; readonly complaint: string } | undefined;
    let cause: unknown;
    try {
      found = library.listen(work);
    } catch (error) {
      cause = error;
    }
    const trouble = mounted.trouble();
    if (trouble !== undefined) throw trouble;
    if (found !== undefined && !isBad(found.result)) return found.result;
    const said = found?.complaint || (cause instanceof Error ? cause.message : "");
    // Values that HDF5 keeps outside are told of only when they are read; the sandbox does not have them.
    if (/external raw data/.test(said))
      return fail(
        `${what} keeps its values in another file, which is never followed; copy them into this one`,
        cause,
      );
    if (/file is already open for/.test(said))
      return fail(
        `${what} is still being written, or its writer was killed; wait until it is complete, or mend it with h5clear -s`,
        cause,
      );
    const reason = said === "" ? "" : ` (${said.replace(/\s+/g, " ").trim()})`;
    return fail(`${what} cannot be read${reason}; the file is damaged or incomplete, get it again`, cause);
  };
  let id: bigint;
  try {
    id = attempt(
      "the HDF5 file",
      () => module.open(mounted.path, module.H5F_ACC_RDONLY, false, -1, -1),
      (handle) => handle < 0n,
    );
  } catch (error) {
    library.unmount(mounted.path);
    throw error;
  }
  return {
    where,
    fileBytes: file.length,
    module,
    id,
    library,
    fail,
    expectUnchanged: () => file.expectUnchanged(),
    ask: (what, work, isBad = () => false) => {
      check(isOpen, "DataError", () => `${where}: the file is closed already`);
      return attempt(what, () => work(module, id), isBad);
    },
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      try {
        // A damaged file may not close cleanly; nothing of it is written.
        library.listen(() => module.close_file(id));
      } catch {
      } finally {
        library.unmount(mounted.path);
        file.close();
      }
    },
  };
}
