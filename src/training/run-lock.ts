// One training run per output folder: a lock file that names its holder, so that a lock left by a dead run is seen.

import { randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  readlinkSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { PtychoError } from "../core/errors.js";

export const LOCK_NAME = ".run.lock";

export interface LockHolder {
  readonly host: string;
  readonly pid: number;
  /** When the process began, in ticks of the kernel since boot; tells a reused process number apart. Null if unknown. */
  readonly processStart: string | null;
  /** Process namespace (container) whose numbers `pid` belongs to. Null if unknown. */
  readonly namespace: string | null;
  /** ISO time at which the lock was taken. */
  readonly since: string;
}

export interface RunLock {
  readonly path: string;
  readonly holder: LockHolder;
  /** Gives the folder free. Does nothing if the lock is no longer ours. */
  release(): void;
}

/**
 * Takes the lock of an existing output folder. A lock whose process no longer runs on this host is taken over; a lock of
 * another host is respected, since its process cannot be asked.
 *
 * @throws PtychoError UsageError when another run holds the folder, ResourceError when it cannot be written.
 */
export function lockRun(folder: string): RunLock {
  const path = join(folder, LOCK_NAME);
  const holder: LockHolder = {
    host: hostname(),
    pid: process.pid,
    processStart: processStartOf(process.pid),
    namespace: processNamespace(),
    since: new Date().toISOString(),
  };
  const text = JSON.stringify(holder);
  const draft = join(folder, `${LOCK_NAME}.${process.pid}.${randomBytes(6).toString("hex")}`);
  try {
    writeDraft(draft, text);
    // A link appears with its whole content, or fails because the name exists: never a lock without a holder.
    for (let attempt = 0; ; attempt++) {
      if (linkedAs(draft, path)) break;
      const found = readHolder(path);
      if (found === "gone") continue;
      if (attempt > 0 || !isStale(found) || !removeStale(path, found)) refuse(folder, path, found);
    }
  } finally {
    removeQuietly(draft);
  }
  return { path, holder, release: () => releaseIfOurs(path, text) };
}

function writeDraft(draft: string, text: string): void {
  try {
    const handle = openSync(draft, "wx");
    try {
      writeSync(handle, text);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    throw new PtychoError(
      "ResourceError",
      `${draft}: the lock of the run cannot be written (${codeOf(error)}); check the folder's permissions and space`,
      error,
    );
  }
}

function linkedAs(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw new PtychoError(
      "ResourceError",
      `${path}: the lock of the run cannot be made (${codeOf(error)}); choose an output folder on another file system`,
      error,
    );
  }
}

/** Who holds the lock; undefined for a file that is not a lock of ours. */
function readHolder(path: string): LockHolder | undefined | "gone" {
  let text: string;
  try {
    text = statSync(path).size > 4096 ? "" : readFileSync(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return "gone";
    return undefined;
  }
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null) return undefined;
    const { host, pid, since, ...rest } = parsed as Record<string, unknown>;
    if (typeof host !== "string" || !Number.isInteger(pid) || typeof since !== "string") return undefined;
    const textOrNull = (value: unknown): string | null => (typeof value === "string" ? value : null);
    const [processStart, namespace] = [rest.processStart, rest.namespace].map(textOrNull);
    return { host, pid: pid as number, processStart, namespace, since };
  } catch {
    return undefined;
  }
}

function isStale(holder: LockHolder | undefined): holder is LockHolder {
  if (holder === undefined || holder.host !== hostname() || holder.namespace !== processNamespace())
    return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    return codeOf(error) === "ESRCH";
  }
  const start = processStartOf(holder.pid);
  return start !== null && holder.processStart !== null && start !== holder.processStart;
}

const TAKEOVER_LIMIT_MS = 10_000;

/**
 * Removes a lock judged stale; false when another process is just doing so. Only the maker of the takeover file may
 * remove, so that two starters cannot remove each other's fresh lock.
 */
function removeStale(path: string, judged: LockHolder): boolean {
  const takeover = `${path}.takeover`;
  try {
    closeSync(openSync(takeover, "wx"));
  } catch {
    const since = statSync(takeover, { throwIfNoEntry: false })?.mtimeMs;
    if (since !== undefined && Date.now() - since > TAKEOVER_LIMIT_MS) removeQuietly(takeover);
    return false;
  }
  try {
    const now = readHolder(path);
    if (now === "gone" || now === undefined) return now === "gone";
    if (now.pid !== judged.pid || now.since !== judged.since) return false;
    removeQuietly(path);
    return true;
  } finally {
    removeQuietly(takeover);
  }
}

function refuse(folder: string, path: string, holder: LockHolder | undefined): never {
  const who =
    holder === undefined
      ? "a lock file that cannot be read"
      : `a run on host ${holder.host}, process ${holder.pid}, since ${holder.since}`;
  throw new PtychoError(
    "UsageError",
    `output folder ${folder} is in use by ${who}; wait for it, choose another folder, or delete ${path} if no run is left`,
  );
}

function releaseIfOurs(path: string, text: string): void {
  try {
    if (readFileSync(path, "utf8") === text) unlinkSync(path);
  } catch {
    // Already gone, or the disk is: nothing that a finished run could mend.
  }
}

/** Field 22 of /proc/<pid>/stat; null where there is no such file system. */
function processStartOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return null;
  }
}

function processNamespace(): string | null {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return null;
  }
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Left behind; it does no harm.
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
