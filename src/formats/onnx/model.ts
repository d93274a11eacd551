// The parts of an ONNX file that are read and written, by the names of onnx.proto.

/** The dtypes of tensors in a file, by their numbers. */
export const elementTypes = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
} as const;

export type ElementType = keyof typeof elementTypes;

/** The bytes of an element; 0 for strings. */
export const elementBytes: Readonly<Record<ElementType, number>> = {
  float32: 4,
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  int32: 4,
  int64: 8,
  string: 0,
  bool: 1,
  float16: 2,
  float64: 8,
  uint32: 4,
  uint64: 8,
  bfloat16: 2,
};

/** A constant tensor. */
export interface TensorProto {
  readonly name: string;
  readonly dims: readonly number[];
  readonly type: ElementType;
  /** Elements in row-major order, little-endian. */
  readonly raw: Uint8Array;
}

export type Attribute =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'tensor'; readonly value: TensorProto }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  /** A kind that no supported operator has, such as a graph. */
  | { readonly kind: 'other'; readonly value: undefined };

export type Attributes = Readonly<Record<string, Attribute>>;

/** One operation. An empty name stands for an optional input that is left out. */
export interface NodeProto {
  readonly name: string;
  readonly operator: string;
  /** Empty for the operators of the standard. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

/** An input or output. Sizes that vary have names. */
export interface ValueInfo {
  readonly name: string;
  readonly type: ElementType | undefined;
  readonly dims: readonly (number | string)[] | undefined;
}

export interface ModelProto {
  readonly irVersion: number;
  readonly producer: string;
  readonly opset: number;
  readonly name: string;
  readonly nodes: readonly NodeProto[];
  readonly initializers: readonly TensorProto[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly metadata: Readonly<Record<string, string>>;
}
