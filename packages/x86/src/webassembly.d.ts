/* eslint-disable -- written as TypeScript's own library has it, so that both can be there */
/** What this package uses of WebAssembly's JavaScript interface. TypeScript keeps these types with those of browsers. */
declare namespace WebAssembly {
  interface MemoryDescriptor {
    initial: number;
    maximum?: number;
    shared?: boolean;
  }
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
  interface Module {}
  interface Table {
    readonly length: number;
    get(index: number): any;
    set(index: number, value?: any): void;
  }
  interface TableDescriptor {
    element: 'anyfunc' | 'externref';
    initial: number;
    maximum?: number;
  }
  interface Global<T extends keyof ValueTypeMap = any> {
    value: ValueTypeMap[T];
  }
  interface ValueTypeMap {
    anyfunc: any;
    i32: number;
    i64: bigint;
    f32: number;
    f64: number;
  }
  type ExportValue = Function | Global | Memory | Table;
  type Exports = Record<string, ExportValue>;
  type Imports = Record<string, Record<string, ExportValue | number>>;
  interface Instance {
    readonly exports: Exports;
  }
  var Memory: { prototype: Memory; new (descriptor: MemoryDescriptor): Memory };
  var Module: { prototype: Module; new (bytes: BufferSource): Module };
  var Instance: { prototype: Instance; new (module: Module, imports?: Imports): Instance };
  var Table: { prototype: Table; new (descriptor: TableDescriptor): Table };
}

type BufferSource = ArrayBufferView<ArrayBuffer> | ArrayBuffer;
