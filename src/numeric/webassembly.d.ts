// The part of the WebAssembly JavaScript interface (W3C WebAssembly JS API 2.0) that the kernels use: Node and browsers
// have it, the type library of ES2023 does not.

declare namespace WebAssembly {
  interface MemoryDescriptor {
    readonly initial: number;
    readonly maximum: number;
    readonly shared: boolean;
  }
  interface Memory {
    readonly buffer: ArrayBuffer | SharedArrayBuffer;
    grow(pages: number): number;
  }
  interface Module {
    readonly __webAssemblyModule?: never;
  }
  interface Instance {
    readonly exports: Readonly<Record<string, unknown>>;
  }
  type Imports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

  const Memory: { new (descriptor: MemoryDescriptor): Memory; readonly prototype: Memory };
  const Module: { new (bytes: Uint8Array): Module; readonly prototype: Module };
  const Instance: { new (module: Module, imports: Imports): Instance; readonly prototype: Instance };
}
