// Error codes of the operating system in words.

/** What an error code of the operating system means, and what to do. */
export function explainCode(code: string): readonly [why: string, remedy: string] {
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return ["the disk or quota is full", "free some space or choose another folder, then run again"];
    case "EACCES":
    case "EPERM":
      return ["permission is denied", "change the permissions or choose another place"];
    case "EROFS":
      return ["the file system is read-only", "choose another place"];
    case "ENOENT":
      return ["a folder of the path does not exist", "create it or check the path"];
    case "ENOTDIR":
      return ["a part of the path is a file, not a folder", "check the path"];
    case "EISDIR":
    case "EEXIST":
    case "ENOTEMPTY":
      return ["something else stands under that name", "remove it or choose another name"];
    case "ENAMETOOLONG":
      return ["the name is too long (255 bytes at most)", "choose a shorter one"];
    case "ELOOP":
      return ["its symbolic links go in a circle", "mend the links"];
    case "EMFILE":
    case "ENFILE":
      return ["too many files are open", "close some or raise the limit (ulimit -n)"];
    case "ENOMEM":
    case "ERR_MEMORY_ALLOCATION_FAILED":
      return ["memory is exhausted", "close other programs or use a smaller file"];
    case "EIO":
    case "ESTALE":
      return ["the disk or network drive failed", "check the drive and its connection, then run again"];
    default:
      return [`the system says ${code}`, "check the path and the drive"];
  }
}

/** The code (ENOSPC, ...) that an error of a system call carries. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : String(error);
}
